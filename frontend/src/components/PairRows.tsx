import { Button, FormGroup, InputGroup, InputGroupItem, TextInput } from '@patternfly/react-core';
import MinusCircleIcon from '@patternfly/react-icons/dist/esm/icons/minus-circle-icon';
import PlusCircleIcon from '@patternfly/react-icons/dist/esm/icons/plus-circle-icon';

import { nextId, type PairRow, type Problems } from '../domain/rows';

import { Hint } from './Hint';

interface PairRowsProps {
  id: string;
  label: string;
  nameLabel: string;
  /** Without it a row is a name alone. */
  valueLabel?: string;
  addText: string;
  rows: readonly PairRow[];
  problems: Problems;
  onChange: (rows: PairRow[]) => void;
}

/** Names, or names and values, one per row. */
export function PairRows(props: PairRowsProps) {
  const { id, label, nameLabel, valueLabel, addText, rows, problems, onChange } = props;
  const set = (changed: PairRow) =>
    onChange(rows.map((row) => (row.id === changed.id ? changed : row)));
  return (
    <FormGroup label={label} role="group" fieldId={id}>
      {rows.map((row, place) => (
        <div key={row.id}>
          <InputGroup>
            <InputGroupItem isFill>
              <TextInput
                aria-label={`${nameLabel} ${place + 1}`}
                placeholder={nameLabel}
                value={row.name}
                validated={problems[`${id}.${row.id}`] ? 'error' : 'default'}
                onChange={(_, name) => set({ ...row, name })}
              />
            </InputGroupItem>
            {valueLabel && (
              <InputGroupItem isFill>
                <TextInput
                  aria-label={`${valueLabel} ${place + 1}`}
                  placeholder={valueLabel}
                  value={row.value}
                  onChange={(_, value) => set({ ...row, value })}
                />
              </InputGroupItem>
            )}
            <InputGroupItem>
              <Button
                variant="plain"
                aria-label={`Remove ${nameLabel.toLowerCase()} ${place + 1}`}
                icon={<MinusCircleIcon />}
                onClick={() => onChange(rows.filter((one) => one.id !== row.id))}
              />
            </InputGroupItem>
          </InputGroup>
          <Hint problems={problems[`${id}.${row.id}`]} />
        </div>
      ))}
      <Button
        id={id}
        variant="link"
        isInline
        icon={<PlusCircleIcon />}
        onClick={() => onChange([...rows, { id: nextId(rows), name: '', value: '' }])}
      >
        {addText}
      </Button>
    </FormGroup>
  );
}
