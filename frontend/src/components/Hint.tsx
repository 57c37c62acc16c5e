import { FormHelperText, HelperText, HelperTextItem } from '@patternfly/react-core';
import type { ReactNode } from 'react';

interface HintProps {
  id?: string;
  children?: ReactNode;
  problems?: readonly string[];
  warning?: string;
}

/** What stands below a field: its problems, else a warning, else a hint. */
export function Hint({ id, children, problems = [], warning }: HintProps) {
  const shown = problems.filter(Boolean);
  if (shown.length === 0 && !warning && !children) {
    return null;
  }
  return (
    <FormHelperText>
      <HelperText id={id} isLiveRegion>
        {shown.map((problem) => (
          <HelperTextItem key={problem} variant="error">
            {problem}
          </HelperTextItem>
        ))}
        {shown.length === 0 && warning && (
          <HelperTextItem variant="warning">{warning}</HelperTextItem>
        )}
        {shown.length === 0 && children && <HelperTextItem>{children}</HelperTextItem>}
      </HelperText>
    </FormHelperText>
  );
}
