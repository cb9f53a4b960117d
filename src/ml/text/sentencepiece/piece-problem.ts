import type { ModelProto } from './model-proto.ts';

/**
 * A fault of a single piece of a model; undefined: none. As ModelInterface::InitializePieces of sentencepiece
 * 0.2.
 */
export function pieceProblem(proto: ModelProto): string | undefined {
  const { pieces, scores, types } = proto;
  const bad = pieces.findIndex(
    (bytes) => bytes.length === 0 || bytes.length >= maxPiece || bytes.includes(0),
  );
  if (bad !== -1) return `${shownPiece(proto, bad)} is empty, holds NUL, or is longer than ${maxPiece} bytes`;
  const infinite = scores.findIndex((score) => !Number.isFinite(score));
  if (infinite !== -1) return `the score of ${shownPiece(proto, infinite)} is ${scores[infinite]}`;
  const unknown = types.indexOf('unknown');
  if (unknown === -1) return 'it has no unknown piece';
  const second = types.indexOf('unknown', unknown + 1);
  if (second !== -1)
    return `${shownPiece(proto, unknown)} and ${shownPiece(proto, second)} are both the unknown one`;
  if (!types.some((type) => type === 'normal' || type === 'user-defined' || type === 'unused'))
    return 'no piece represents text';
  return byteProblem(proto);
}

/** A piece, as an error names it. */
export const shownPiece = ({ pieces }: ModelProto, id: number): string =>
  `piece ${id} (${JSON.stringify(textOf(pieces[id]))})`;

/** The name of the piece of a byte. */
export const bytePiece = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

/** As sentencepiece's kMaxPieceSize. */
const maxPiece = 8000;

/** With byte fallback all 256 bytes have a piece; without, none has. */
function byteProblem(proto: ModelProto): string | undefined {
  const ids = new Map(
    proto.types.flatMap((type, id) => (type === 'byte' ? [[textOf(proto.pieces[id]), id] as const] : [])),
  );
  const [first] = ids.values();
  if (!proto.byteFallback)
    return first === undefined
      ? undefined
      : `${shownPiece(proto, first)} is a byte, but the model has no byte fallback`;
  for (let byte = 0; byte < 256; byte += 1) {
    if (!ids.delete(bytePiece(byte))) return `it has byte fallback, but no piece ${bytePiece(byte)}`;
  }
  const [extra] = ids.values();
  return extra === undefined ? undefined : `${shownPiece(proto, extra)} is marked as a byte`;
}

const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
