import {
  ActionList,
  ActionListItem,
  Button,
  Form,
  FormSection,
  Stack,
  StackItem,
} from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useReducer } from 'react';
import { useNavigate } from 'react-router-dom';

import { api, unwrap } from '../../api/client';
import { asProblem } from '../../api/problem';
import type { Specification } from '../../api/types';
import { ProblemAlert } from '../../components/ProblemAlert';

import { ChangeReview } from './ChangeReview';
import { changesOf, editFormOf, editProblems, isEmptyChange, reduceEdit, type EditForm as Values } from './edit';
import { EditContainer, EditDeployment, EditResources } from './EditFields';

interface EditFormProps {
  spec: Specification;
  onReload: () => void;
}

/** The form of a change, and below it what the change would do. */
export function EditForm({ spec, onReload }: EditFormProps) {
  const { project, name } = spec;
  const [form, dispatch] = useReducer(reduceEdit, spec, editFormOf);
  const client = useQueryClient();
  const navigate = useNavigate();
  const params = { path: { project, name } };
  const plan = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/api/v1/projects/{project}/deployments/{name}/changes/plan', {
          params,
          body: changesOf(spec, form),
        }),
      ),
  });
  const save = useMutation({
    mutationFn: (base: string) =>
      unwrap(
        api.PATCH('/api/v1/projects/{project}/deployments/{name}', {
          params,
          body: { ...changesOf(spec, form), base },
        }),
      ),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['deployments'] });
      await navigate(`/deployments/${project}/${name}`);
    },
  });
  const set = (values: Partial<Values>) => {
    plan.reset();
    save.reset();
    dispatch({ type: 'set', values });
  };
  const problems = editProblems(form);
  const isGood = Object.keys(problems).length === 0 && !isEmptyChange(changesOf(spec, form));
  const error = save.error ?? plan.error;
  const wasChanged = error !== null && asProblem(error).status === 409;
  const fields = { form, spec, problems, onSet: set };
  return (
    <Stack hasGutter>
      <StackItem>
        <Form onSubmit={(event) => event.preventDefault()}>
          <FormSection title="Deployment" titleElement="h2">
            <EditDeployment {...fields} />
          </FormSection>
          <FormSection title="Resources" titleElement="h2">
            <EditResources {...fields} />
          </FormSection>
          <FormSection title="Container" titleElement="h2">
            <EditContainer {...fields} />
          </FormSection>
        </Form>
      </StackItem>
      {error && (
        <StackItem>
          <ProblemAlert
            error={error}
            title={wasChanged ? 'Somebody else has changed it meanwhile' : 'It cannot be changed like this'}
            {...(wasChanged ? { onRetry: onReload } : {})}
          />
        </StackItem>
      )}
      {plan.data && (
        <StackItem>
          <ChangeReview plan={plan.data} />
        </StackItem>
      )}
      <StackItem>
        <ActionList>
          <ActionListItem>
            <Button
              variant={plan.data ? 'secondary' : 'primary'}
              isDisabled={!isGood || plan.isPending}
              isLoading={plan.isPending}
              onClick={() => plan.mutate()}
            >
              Show the difference
            </Button>
          </ActionListItem>
          {plan.data && (
            <ActionListItem>
              <Button
                isDisabled={save.isPending || plan.data.findings.some(({ severity }) => severity === 'error')}
                isLoading={save.isPending}
                onClick={() => save.mutate(plan.data.base)}
              >
                Save the change
              </Button>
            </ActionListItem>
          )}
          <ActionListItem>
            <Button variant="link" onClick={() => void navigate(`/deployments/${project}/${name}`)}>
              Cancel
            </Button>
          </ActionListItem>
        </ActionList>
      </StackItem>
    </Stack>
  );
}
