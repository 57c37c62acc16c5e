import {
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  Gallery,
  Pagination,
} from '@patternfly/react-core';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import { useDeferredValue, useMemo, useState, type ReactNode } from 'react';

import type { Model } from '../api/types';
import { filterModels, indexModels, NO_FILTER, type ModelFilter } from '../domain/modelFilter';

import { ModelToolbar } from './ModelToolbar';

const PER_PAGE = 24;

interface ModelPickerProps {
  models: readonly Model[];
  filter: ModelFilter;
  onFilter: (filter: ModelFilter) => void;
  /** The card of one model. */
  children: (model: Model) => ReactNode;
}

/** Models to search, narrow down and leaf through. */
export function ModelPicker({ models, filter, onFilter, children }: ModelPickerProps) {
  const [page, setPage] = useState(1);
  const index = useMemo(() => indexModels(models), [models]);
  // Typing goes first; the cards follow.
  const shown = useDeferredValue(filter);
  const found = useMemo(() => filterModels(index, shown), [index, shown]);
  const last = Math.max(1, Math.ceil(found.length / PER_PAGE));
  const current = Math.min(page, last);
  const change = (next: ModelFilter) => {
    setPage(1);
    onFilter(next);
  };

  return (
    <>
      <ModelToolbar models={models} filter={filter} onFilter={change} found={found.length} />
      {found.length === 0 ? (
        <NothingFound onClear={() => change(NO_FILTER)} />
      ) : (
        <Gallery hasGutter minWidths={{ default: '100%', md: '300px' }} role="list">
          {found.slice((current - 1) * PER_PAGE, current * PER_PAGE).map((model) => (
            <div role="listitem" key={model.key}>
              {children(model)}
            </div>
          ))}
        </Gallery>
      )}
      {found.length > PER_PAGE && (
        <Pagination
          itemCount={found.length}
          perPage={PER_PAGE}
          page={current}
          perPageOptions={[{ title: String(PER_PAGE), value: PER_PAGE }]}
          onSetPage={(_, next) => setPage(next)}
          variant="bottom"
          titles={{ paginationAriaLabel: 'Pages of models' }}
        />
      )}
    </>
  );
}

function NothingFound({ onClear }: { onClear: () => void }) {
  return (
    <EmptyState headingLevel="h2" titleText="No model fits" icon={SearchIcon}>
      <EmptyStateBody>Use other words, or fewer filters.</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="link" onClick={onClear}>
            Clear all filters
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}
