import { Content, Flex, FlexItem, PageSection, Title } from '@patternfly/react-core';
import { useEffect, type ReactNode } from 'react';

import { PRODUCT } from '../domain/product';

interface PageBodyProps {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  breadcrumb?: ReactNode;
  children: ReactNode;
}

/** A page: its one heading, which is also the document's title, and what it shows. */
export function PageBody({ title, lead, actions, breadcrumb, children }: PageBodyProps) {
  useEffect(() => {
    document.title = `${title} · ${PRODUCT}`;
  }, [title]);

  return (
    <>
      {breadcrumb && <PageSection type="breadcrumb">{breadcrumb}</PageSection>}
      <PageSection>
        <Flex
          justifyContent={{ default: 'justifyContentSpaceBetween' }}
          alignItems={{ default: 'alignItemsFlexStart' }}
        >
          <FlexItem>
            <Title headingLevel="h1" id="page-title" tabIndex={-1}>
              {title}
            </Title>
            {lead && <Content component="p">{lead}</Content>}
          </FlexItem>
          {actions && <FlexItem>{actions}</FlexItem>}
        </Flex>
      </PageSection>
      <PageSection isFilled>{children}</PageSection>
    </>
  );
}
