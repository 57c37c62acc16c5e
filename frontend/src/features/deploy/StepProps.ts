import type { Dispatch } from 'react';

import type { Model } from '../../api/types';
import type { Problems } from '../../domain/rows';

import type { DeployForm, FormAction } from './form';

/** What every step gets: the form, the way to change it, and the problems that are to be shown. */
export interface StepProps {
  form: DeployForm;
  dispatch: Dispatch<FormAction>;
  problems: Problems;
  model: Model | undefined;
}
