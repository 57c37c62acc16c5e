import { Form, FormSection, List, ListItem } from '@patternfly/react-core';
import type { UseQueryResult } from '@tanstack/react-query';

import type { KeyState, Project, Session } from '../../api/types';
import { Alert } from '../../components/Alert';
import { ProjectSelect } from '../../components/ProjectSelect';
import { Field, TextField } from '../../components/fields';

import { KeySection, type EnteredKey } from './KeySection';
import type { StepProps } from './StepProps';

interface ProjectStepProps extends StepProps {
  projects: readonly Project[];
  session: Session;
  keyState: UseQueryResult<KeyState>;
  entered: EnteredKey | null;
  onEntered: (key: EnteredKey | null) => void;
  taken: readonly string[];
}

/** Where it runs, what it is called, and with which key. */
export function ProjectStep(props: ProjectStepProps) {
  const { form, dispatch, problems, model, projects, taken } = props;
  const project = projects.find(({ name }) => name === form.project);
  return (
    <Form onSubmit={(event) => event.preventDefault()}>
      <FormSection title="Project" titleElement="h2">
        <Field id="project" label="Project" isRequired problems={problems['project']}>
          <ProjectSelect
            id="project"
            value={form.project}
            projects={projects}
            emptyText="Choose a project"
            invalid={problems['project'] !== undefined}
            onChange={(next) => dispatch({ type: 'project', project: next, model, taken })}
          />
        </Field>
        {project && !project.canDeploy && <MissingRights project={project} />}
      </FormSection>
      <FormSection title="Name" titleElement="h2">
        <TextField
          id="name"
          label="Name of the deployment"
          isRequired
          value={form.name}
          problems={problems['name']}
          hint="Part of its address. It cannot be changed later."
          onChange={(name) => dispatch({ type: 'name', name })}
        />
        <TextField
          id="displayName"
          label="Display name"
          value={form.displayName}
          hint="What people read in lists. The model’s name if empty."
          onChange={(displayName) => dispatch({ type: 'set', values: { displayName } })}
        />
        <TextField
          id="description"
          label="Description"
          lines={2}
          value={form.description}
          onChange={(description) => dispatch({ type: 'set', values: { description } })}
        />
      </FormSection>
      {props.session.collectKeys && form.project !== '' && <KeySection {...props} />}
    </Form>
  );
}

function MissingRights({ project }: { project: Project }) {
  return (
    <Alert isInline variant="warning" title={`You may not deploy in ${project.name}`}>
      Ask an administrator of the project for these rights:
      <List>
        {project.missing.map((right) => (
          <ListItem key={right}>{right}</ListItem>
        ))}
      </List>
    </Alert>
  );
}
