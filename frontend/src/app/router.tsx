import { createBrowserRouter, Navigate } from 'react-router-dom';

import { Loading } from '../components/QueryView';

import { Broken } from './Broken';
import { Frame } from './Frame';
import { NotFound } from './NotFound';

/** Addresses and their pages; a page is fetched when it is first wanted. */
export const router = createBrowserRouter([
  {
    element: <Frame />,
    errorElement: <Broken />,
    hydrateFallbackElement: <Loading label="the page" />,
    children: [
      { index: true, element: <Navigate to="/models" replace /> },
      {
        errorElement: <Broken />,
        children: [
          { path: 'models', lazy: async () => ({ Component: (await import('../features/models/ModelsPage')).ModelsPage }) },
          { path: 'models/:key', lazy: async () => ({ Component: (await import('../features/models/ModelPage')).ModelPage }) },
          { path: 'deploy', lazy: async () => ({ Component: (await import('../features/deploy/DeployPage')).DeployPage }) },
          { path: 'deployments', lazy: async () => ({ Component: (await import('../features/deployments/DeploymentsPage')).DeploymentsPage }) },
          { path: 'deployments/:project/:name', lazy: async () => ({ Component: (await import('../features/deployments/DeploymentPage')).DeploymentPage }) },
          { path: 'deployments/:project/:name/edit', lazy: async () => ({ Component: (await import('../features/deployments/EditPage')).EditPage }) },
          { path: 'key', lazy: async () => ({ Component: (await import('../features/keys/KeyPage')).KeyPage }) },
          { path: 'admin', lazy: async () => ({ Component: (await import('../features/admin/AdminPage')).AdminPage }) },
          { path: '*', element: <NotFound /> },
        ],
      },
    ],
  },
]);
