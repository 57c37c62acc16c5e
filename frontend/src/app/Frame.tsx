import { Page, SkipToContent } from '@patternfly/react-core';
import { useEffect, useRef, useState } from 'react';
import { Outlet, useLocation } from 'react-router-dom';

import { Header } from './Header';
import { LoginAlert } from './LoginAlert';
import { Navigation } from './Navigation';
import { applyTheme, keepTheme, readTheme } from './theme';

const MAIN = 'main';

/** What is around every page. */
export function Frame() {
  const [theme, setTheme] = useState(readTheme);
  useEffect(() => applyTheme(theme), [theme]);
  useFocusOnArrival();
  return (
    <Page
      isManagedSidebar
      mainContainerId={MAIN}
      mainAriaLabel="Page"
      skipToContent={<SkipToContent href={`#${MAIN}`}>Skip to content</SkipToContent>}
      masthead={
        <Header
          theme={theme}
          onTheme={(next) => {
            keepTheme(next);
            setTheme(next);
          }}
        />
      }
      sidebar={<Navigation />}
    >
      <LoginAlert />
      <Outlet />
    </Page>
  );
}

/** On another page the focus is on its heading, so that it is read and the keyboard goes on there. */
function useFocusOnArrival(): void {
  const { pathname } = useLocation();
  const last = useRef(pathname);
  useEffect(() => {
    const before = last.current;
    last.current = pathname;
    // The first page is not come to from another one.
    if (before !== pathname && before !== '/') {
      document.getElementById(MAIN)?.scrollTo(0, 0);
      document.getElementById('page-title')?.focus();
    }
  }, [pathname]);
}
