import { Content, Flex, FlexItem, PageSection, Title } from '@patternfly/react-core';
import { useEffect, type ReactNode } from 'react';

import { PRODUCT } from '../domain/product';

interface PageBodyProps {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  breadcrumb?: ReactNode;
  /** The children bring their own sections. */
  hasSections?: boolean;
  children: ReactNode;
}

/** A page: its one heading, which is also the document's title, and what it shows. */
export function PageBody(props: PageBodyProps) {
  const { title, lead, actions, breadcrumb, hasSections = false, children } = props;
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
      {hasSections ? children : <PageSection isFilled>{children}</PageSection>}
    </>
  );
}
