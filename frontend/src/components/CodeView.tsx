import {
  Button,
  CodeBlock,
  CodeBlockAction,
  CodeBlockCode,
  Tooltip,
} from '@patternfly/react-core';
import CheckIcon from '@patternfly/react-icons/dist/esm/icons/check-icon';
import CopyIcon from '@patternfly/react-icons/dist/esm/icons/copy-icon';
import DownloadIcon from '@patternfly/react-icons/dist/esm/icons/download-icon';
import { useEffect, useRef, useState } from 'react';

interface CodeViewProps {
  text: string;
  /** What it is, for the names of the buttons: "YAML". */
  label: string;
  fileName?: string;
}

/** Text of a machine, to copy and, with a file name, to download. */
export function CodeView({ text, label, fileName }: CodeViewProps) {
  return (
    <CodeBlock
      actions={
        <>
          <CodeBlockAction>
            <CopyButton text={text} label={label} />
          </CodeBlockAction>
          {fileName && (
            <CodeBlockAction>
              <Button
                variant="plain"
                aria-label={`Download ${label}`}
                icon={<DownloadIcon />}
                onClick={() => download(text, fileName)}
              />
            </CodeBlockAction>
          )}
        </>
      }
    >
      {/* A wide line scrolls: without a pointer that needs the focus. */}
      <div tabIndex={0} role="region" aria-label={label}>
        <CodeBlockCode>{text}</CodeBlockCode>
      </div>
    </CodeBlock>
  );
}

/** A button that copies a text and says that it did. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const copy = async () => {
    await copyText(text);
    setCopied(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setCopied(false), 3000);
  };

  return (
    <>
      <Tooltip content={copied ? 'Copied' : `Copy ${label}`}>
        <Button
          variant="plain"
          aria-label={`Copy ${label}`}
          icon={copied ? <CheckIcon /> : <CopyIcon />}
          onClick={() => void copy()}
        />
      </Tooltip>
      <span className="pf-v6-screen-reader" role="status">
        {copied ? `${label} copied` : ''}
      </span>
    </>
  );
}

/** Copy, also where the page is not served over TLS and the browser has no clipboard for it. */
export async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement('textarea');
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}

function download(text: string, fileName: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(address);
}
