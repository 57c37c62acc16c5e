import { FormGroup, NumberInput, TextArea, TextInput } from '@patternfly/react-core';
import type { ReactNode } from 'react';

import { Hint } from './Hint';

interface FieldProps {
  id: string;
  label: string;
  hint?: ReactNode;
  problems?: readonly string[] | undefined;
  warning?: string;
  isRequired?: boolean;
  children: ReactNode;
}

/** A field with its label and what is to be said about it. */
export function Field({ id, label, hint, problems, warning, isRequired, children }: FieldProps) {
  return (
    <FormGroup label={label} fieldId={id} isRequired={isRequired}>
      {children}
      <Hint id={`${id}-hint`} problems={problems} warning={warning}>
        {hint}
      </Hint>
    </FormGroup>
  );
}

interface TextFieldProps extends Omit<FieldProps, 'children'> {
  value: string;
  onChange: (value: string) => void;
  lines?: number;
  placeholder?: string;
}

/** One line of text, or several. */
export function TextField({ value, onChange, lines, placeholder, ...field }: TextFieldProps) {
  const common = {
    id: field.id,
    value,
    placeholder,
    'aria-describedby': `${field.id}-hint`,
    validated: field.problems?.length ? ('error' as const) : ('default' as const),
  };
  return (
    <Field {...field}>
      {lines ? (
        <TextArea
          {...common}
          rows={lines}
          resizeOrientation="vertical"
          onChange={(_, text) => onChange(text)}
        />
      ) : (
        <TextInput
          {...common}
          autoComplete="off"
          isRequired={field.isRequired}
          onChange={(_, text) => onChange(text)}
        />
      )}
    </Field>
  );
}

interface NumberFieldProps extends Omit<FieldProps, 'children'> {
  value: number;
  min: number;
  max: number;
  onChange: (value: number) => void;
}

/** A whole number between two bounds. */
export function NumberField({ value, min, max, onChange, ...field }: NumberFieldProps) {
  const bounded = (next: number) => onChange(Math.min(max, Math.max(min, Math.trunc(next) || 0)));
  return (
    <Field {...field}>
      <NumberInput
        value={value}
        min={min}
        max={max}
        inputName={field.id}
        inputAriaLabel={field.label}
        inputProps={{ id: field.id, 'aria-describedby': `${field.id}-hint` }}
        minusBtnAriaLabel={`${field.label}: one less`}
        plusBtnAriaLabel={`${field.label}: one more`}
        onMinus={() => bounded(value - 1)}
        onPlus={() => bounded(value + 1)}
        onChange={(event) => bounded(Number(event.currentTarget.value))}
        validated={field.problems?.length ? 'error' : 'default'}
      />
    </Field>
  );
}
