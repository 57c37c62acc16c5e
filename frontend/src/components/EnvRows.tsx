import {
  Button,
  FormGroup,
  FormSelect,
  FormSelectOption,
  InputGroup,
  InputGroupItem,
  TextInput,
} from '@patternfly/react-core';
import MinusCircleIcon from '@patternfly/react-icons/dist/esm/icons/minus-circle-icon';
import PlusCircleIcon from '@patternfly/react-icons/dist/esm/icons/plus-circle-icon';

import { nextId, type EnvRow, type Problems } from '../domain/rows';
import { looksSecret } from '../domain/variables';

import { Hint } from './Hint';

interface EnvRowsProps {
  rows: readonly EnvRow[];
  problems: Problems;
  onChange: (rows: EnvRow[]) => void;
}

/** Variables of the container: plain values, or fields of a Secret or a ConfigMap. */
export function EnvRows({ rows, problems, onChange }: EnvRowsProps) {
  const set = (changed: EnvRow) =>
    onChange(rows.map((row) => (row.id === changed.id ? changed : row)));
  const add = () =>
    onChange([
      ...rows,
      { id: nextId(rows), name: '', source: 'value', value: '', from: '', fromKey: '' },
    ]);
  return (
    <FormGroup label="Environment variables" role="group" fieldId="env">
      {rows.map((row, place) => (
        <Variable
          key={row.id}
          row={row}
          number={place + 1}
          problems={problems[`env.${row.id}`]}
          onChange={set}
          onRemove={() => onChange(rows.filter((one) => one.id !== row.id))}
        />
      ))}
      <Button id="env" variant="link" isInline icon={<PlusCircleIcon />} onClick={add}>
        Add a variable
      </Button>
    </FormGroup>
  );
}

interface VariableProps {
  row: EnvRow;
  number: number;
  problems: readonly string[] | undefined;
  onChange: (row: EnvRow) => void;
  onRemove: () => void;
}

function Variable({ row, number, problems, onChange, onRemove }: VariableProps) {
  const plainSecret = row.source === 'value' && row.value !== '' && looksSecret(row.name);
  return (
    <div>
      <InputGroup>
        <InputGroupItem isFill>
          <TextInput
            aria-label={`Name of variable ${number}`}
            placeholder="NAME"
            value={row.name}
            validated={problems ? 'error' : 'default'}
            onChange={(_, name) => onChange({ ...row, name })}
          />
        </InputGroupItem>
        <InputGroupItem>
          <FormSelect
            aria-label={`Source of variable ${number}`}
            value={row.source}
            onChange={(_, source) => onChange({ ...row, source: source as EnvRow['source'] })}
          >
            <FormSelectOption value="value" label="Value" />
            <FormSelectOption value="secret" label="Secret" />
            <FormSelectOption value="configMap" label="ConfigMap" />
          </FormSelect>
        </InputGroupItem>
        {row.source === 'value' ? (
          <InputGroupItem isFill>
            <TextInput
              aria-label={`Value of variable ${number}`}
              placeholder="Value"
              type={looksSecret(row.name) ? 'password' : 'text'}
              autoComplete="off"
              value={row.value}
              onChange={(_, value) => onChange({ ...row, value })}
            />
          </InputGroupItem>
        ) : (
          <Reference row={row} number={number} onChange={onChange} />
        )}
        <InputGroupItem>
          <Button
            variant="plain"
            aria-label={`Remove variable ${number}`}
            icon={<MinusCircleIcon />}
            onClick={onRemove}
          />
        </InputGroupItem>
      </InputGroup>
      <Hint
        problems={problems}
        warning={
          plainSecret
            ? 'It looks like a secret, and everybody who may see the pod can read a plain value.'
            : ''
        }
      />
    </div>
  );
}

function Reference({ row, number, onChange }: Pick<VariableProps, 'row' | 'number' | 'onChange'>) {
  const kind = row.source === 'secret' ? 'Secret' : 'ConfigMap';
  return (
    <>
      <InputGroupItem isFill>
        <TextInput
          aria-label={`${kind} of variable ${number}`}
          placeholder={kind}
          value={row.from}
          onChange={(_, from) => onChange({ ...row, from })}
        />
      </InputGroupItem>
      <InputGroupItem isFill>
        <TextInput
          aria-label={`Key in the ${kind} of variable ${number}`}
          placeholder="Key"
          value={row.fromKey}
          onChange={(_, fromKey) => onChange({ ...row, fromKey })}
        />
      </InputGroupItem>
    </>
  );
}
