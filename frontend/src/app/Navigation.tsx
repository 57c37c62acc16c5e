import { Nav, NavItem, NavList, PageSidebar, PageSidebarBody } from '@patternfly/react-core';
import { NavLink, useLocation } from 'react-router-dom';

const PAGES: [path: string, title: string][] = [
  ['/models', 'Models'],
  ['/deploy', 'Deploy'],
  ['/deployments', 'Deployments'],
  ['/key', 'Project key'],
  ['/admin', 'Administration'],
];

/** The pages. */
export function Navigation() {
  const { pathname } = useLocation();
  return (
    <PageSidebar>
      <PageSidebarBody>
        <Nav aria-label="Pages">
          <NavList>
            {PAGES.map(([path, title]) => (
              <NavItem key={path} itemId={path} isActive={pathname === path || pathname.startsWith(`${path}/`)}>
                <NavLink to={path}>{title}</NavLink>
              </NavItem>
            ))}
          </NavList>
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  );
}
