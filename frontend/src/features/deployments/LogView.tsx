import { CodeBlock, CodeBlockCode, Content } from '@patternfly/react-core';
import { useLayoutEffect, useRef } from 'react';

import { Loading } from '../../components/QueryView';
import { ProblemAlert } from '../../components/ProblemAlert';

import { logUrl, useLog, type LogChoice } from './useLog';

/** A log that stays at its end while it is followed. */
export function LogView({ choice }: { choice: LogChoice }) {
  const { lines, isEnded, problem } = useLog(logUrl(choice));
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (choice.follow && box.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [lines, choice.follow]);

  return (
    <>
      {problem && <ProblemAlert error={problem} title="The log cannot be read" />}
      {lines.length === 0 && !isEnded && <Loading label="the log" />}
      {lines.length === 0 && isEnded && !problem && <Content component="p">The log is empty.</Content>}
      {lines.length > 0 && (
        <CodeBlock>
          <div
            ref={box}
            tabIndex={0}
            role="log"
            aria-live="off"
            aria-label={`Log of ${choice.container}`}
            style={{ maxHeight: '60vh', overflow: 'auto' }}
          >
            <CodeBlockCode>{lines.join('\n')}</CodeBlockCode>
          </div>
        </CodeBlock>
      )}
      {lines.length > 0 && isEnded && <Content component="small">The log ends here.</Content>}
    </>
  );
}
