import {
  Checkbox,
  FormSelect,
  FormSelectOption,
  SearchInput,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core';
import { useMemo } from 'react';

import type { Model } from '../api/types';
import type { ModelFilter } from '../domain/modelFilter';

interface ModelToolbarProps {
  models: readonly Model[];
  filter: ModelFilter;
  onFilter: (filter: ModelFilter) => void;
  found: number;
}

/** What narrows the models down. */
export function ModelToolbar({ models, filter, onFilter, found }: ModelToolbarProps) {
  const families = useMemo(() => familiesOf(models), [models]);
  const set = (part: Partial<ModelFilter>) => onFilter({ ...filter, ...part });

  return (
    <Toolbar aria-label="Filters" inset={{ default: 'insetNone' }}>
      <ToolbarContent>
        <ToolbarItem>
          <SearchInput
            value={filter.text}
            placeholder="Name, publisher, description, tag"
            aria-label="Search models"
            onChange={(_, text) => set({ text })}
            onClear={() => set({ text: '' })}
          />
        </ToolbarItem>
        <ToolbarItem>
          <FormSelect
            aria-label="Family"
            value={filter.family}
            onChange={(_, family) => set({ family })}
          >
            <FormSelectOption value="" label="All families" />
            {families.map(([id, title]) => (
              <FormSelectOption key={id} value={id} label={title} />
            ))}
          </FormSelect>
        </ToolbarItem>
        <ToolbarItem>
          <FormSelect
            aria-label="GPUs"
            value={filter.gpu}
            onChange={(_, gpu) => set({ gpu: gpu as ModelFilter['gpu'] })}
          >
            <FormSelectOption value="" label="Any number of GPUs" />
            <FormSelectOption value="none" label="No GPU" />
            <FormSelectOption value="one" label="Runs on 1 GPU" />
            <FormSelectOption value="many" label="Needs several GPUs" />
          </FormSelect>
        </ToolbarItem>
        <ToolbarItem alignSelf="center">
          <Checkbox
            id="filter-eu"
            label="Offered in the EU"
            isChecked={filter.eu}
            onChange={(_, eu) => set({ eu })}
          />
        </ToolbarItem>
        <ToolbarItem alignSelf="center">
          <Checkbox
            id="filter-grpc"
            label="Speaks gRPC"
            isChecked={filter.grpc}
            onChange={(_, grpc) => set({ grpc })}
          />
        </ToolbarItem>
        <ToolbarItem alignSelf="center">
          <span role="status">
            {found} of {models.length} models
          </span>
        </ToolbarItem>
      </ToolbarContent>
    </Toolbar>
  );
}

function familiesOf(models: readonly Model[]): [string, string][] {
  const titles = new Map(models.map((model) => [model.family, model.familyTitle]));
  return [...titles].sort(([, one], [, other]) => one.localeCompare(other));
}
