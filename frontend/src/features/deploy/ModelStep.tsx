import {
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  ExpandableSection,
  Form,
  FormSelect,
  FormSelectOption,
  Stack,
  StackItem,
  Truncate,
} from '@patternfly/react-core';
import { useState } from 'react';

import type { Model, Models } from '../../api/types';
import { Alert } from '../../components/Alert';
import { CatalogNotes } from '../../components/CatalogNotes';
import { ModelLabels } from '../../components/ModelLabels';
import { ModelPicker } from '../../components/ModelPicker';
import { isMovingTag, NO_FILTER } from '../../domain/modelFilter';
import { Field, TextField } from '../../components/fields';

import type { StepProps } from './StepProps';

interface ModelStepProps extends StepProps {
  models: Models | undefined;
  taken: readonly string[];
}

/** Which model, and which of its tags. */
export function ModelStep({ form, dispatch, problems, model, models, taken }: ModelStepProps) {
  const [filter, setFilter] = useState(NO_FILTER);
  return (
    <Stack hasGutter>
      {problems['model'] && (
        <StackItem>
          <Alert isInline isLiveRegion variant="danger" title={problems['model'].join(' ')} />
        </StackItem>
      )}
      {model && !form.otherImage && (
        <StackItem>
          <Chosen form={form} dispatch={dispatch} problems={problems} model={model} />
        </StackItem>
      )}
      {models && (
        <StackItem>
          <CatalogNotes models={models} />
          <ModelPicker models={models.items} filter={filter} onFilter={setFilter}>
            {(one) => (
              <ModelChoice
                model={one}
                isChosen={form.model === one.key}
                onChoose={() => dispatch({ type: 'model', model: one, taken })}
              />
            )}
          </ModelPicker>
        </StackItem>
      )}
      <StackItem>
        <ExpandableSection
          toggleText="Another image than those of the catalogue"
          {...(form.otherImage || !models ? { isExpanded: true } : {})}
        >
          <Form onSubmit={(event) => event.preventDefault()}>
            <TextField
              id="otherImage"
              label="Image"
              value={form.otherImage}
              problems={problems['otherImage']}
              placeholder="nvcr.io/nim/team/name:tag"
              hint="A full reference with a tag. Nothing is known about it: check its resources yourself."
              onChange={(image) => dispatch({ type: 'otherImage', image })}
            />
          </Form>
        </ExpandableSection>
      </StackItem>
    </Stack>
  );
}

function Chosen({ form, dispatch, problems, model }: StepProps & { model: Model }) {
  const listed = model.tags.includes(form.tag);
  return (
    <Form onSubmit={(event) => event.preventDefault()}>
      <Field
        id="tag"
        label={`Tag of ${model.displayName || model.key}`}
        problems={problems['tag']}
        warning={
          isMovingTag(form.tag)
            ? 'NVIDIA moves this tag to newer images: the next start may run another version.'
            : ''
        }
        hint={`The image is ${model.image}:${form.tag}`}
      >
        <FormSelect
          id="tag"
          value={form.tag}
          aria-describedby="tag-hint"
          onChange={(_, tag) => dispatch({ type: 'model', model, tag })}
        >
          {!listed && <FormSelectOption value={form.tag} label={`${form.tag} (not listed)`} />}
          {model.tags.map((tag) => (
            <FormSelectOption key={tag} value={tag} label={tagLabel(model, tag)} />
          ))}
        </FormSelect>
      </Field>
      {model.euRestricted && <EuWarning model={model} />}
    </Form>
  );
}

/** Said where it is chosen and in review; it stops nobody. */
export function EuWarning({ model }: { model: Model }) {
  return (
    <Alert
      isInline
      variant="warning"
      title={`NVIDIA does not offer ${model.displayName || model.key} in the EU`}
    >
      A pull from there is refused (451). Choose another model if the cluster’s nodes are in the EU.
    </Alert>
  );
}

export function tagLabel(model: Model, tag: string): string {
  const marks = [
    tag === model.defaultTag && 'default',
    tag === model.latestTag && 'latest',
    isMovingTag(tag) && 'moving',
  ].filter(Boolean);
  return marks.length ? `${tag} (${marks.join(', ')})` : tag;
}

interface ModelChoiceProps {
  model: Model;
  isChosen: boolean;
  onChoose: () => void;
}

function ModelChoice({ model, isChosen, onChoose }: ModelChoiceProps) {
  const id = `model-${model.key}`;
  return (
    <Card isFullHeight isCompact isSelectable isSelected={isChosen} id={id}>
      <CardHeader
        selectableActions={{
          selectableActionId: `${id}-choice`,
          selectableActionAriaLabelledby: `${id}-title`,
          name: 'model',
          variant: 'single',
          onChange: onChoose,
        }}
      >
        <CardTitle id={`${id}-title`}>{model.displayName || model.key}</CardTitle>
      </CardHeader>
      <CardBody>
        <Truncate content={model.shortDescription || model.repository} maxCharsDisplayed={110} />
      </CardBody>
      <CardBody>
        <ModelLabels model={model} />
      </CardBody>
    </Card>
  );
}
