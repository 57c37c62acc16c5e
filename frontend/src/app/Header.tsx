import {
  Brand,
  Content,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadLogo,
  MastheadMain,
  MastheadToggle,
  PageToggleButton,
  Switch,
  Toolbar,
  ToolbarContent,
  ToolbarGroup,
  ToolbarItem,
} from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router-dom';

import { sessionQuery } from '../api/queries';
import { PRODUCT } from '../domain/product';

import type { Theme } from './theme';

interface HeaderProps {
  theme: Theme;
  onTheme: (theme: Theme) => void;
}

/** The product, who is logged in, and light or dark. */
export function Header({ theme, onTheme }: HeaderProps) {
  const { data: session } = useQuery(sessionQuery);
  return (
    <Masthead>
      <MastheadMain>
        <MastheadToggle>
          <PageToggleButton isHamburgerButton aria-label="Navigation" />
        </MastheadToggle>
        <MastheadBrand>
          <MastheadLogo component={(logo) => <Link {...logo} to="/models" />}>
            <Brand src="/favicon.svg" alt={PRODUCT} heights={{ default: '32px' }} />
          </MastheadLogo>
        </MastheadBrand>
      </MastheadMain>
      <MastheadContent>
        <Toolbar isFullHeight isStatic>
          <ToolbarContent>
            <ToolbarItem visibility={{ default: 'hidden', md: 'visible' }} alignSelf="center">
              <strong>{PRODUCT}</strong>
            </ToolbarItem>
            <ToolbarGroup align={{ default: 'alignEnd' }}>
              <ToolbarItem visibility={{ default: 'hidden', md: 'visible' }} alignSelf="center">
                <Content component="small">{session?.user}</Content>
              </ToolbarItem>
              <ToolbarItem alignSelf="center">
                <Switch
                  id="dark"
                  label="Dark"
                  isChecked={theme === 'dark'}
                  onChange={(_, dark) => onTheme(dark ? 'dark' : 'light')}
                />
              </ToolbarItem>
            </ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
      </MastheadContent>
    </Masthead>
  );
}
