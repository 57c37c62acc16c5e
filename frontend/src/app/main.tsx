import '@patternfly/react-core/dist/styles/base.css';

import { Content } from '@patternfly/react-core';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Content component="h1">NVIDIA NIM models</Content>
    </StrictMode>,
  );
}
