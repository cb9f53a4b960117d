import type { Result } from '../../result.ts';
import { floatLine, integerLine, stringLine, unicodeLine, utf8Text } from './pickle-lines.ts';

/**
 * The content of a pickle as inert data: no name is resolved or called. A call is kept as data, for the
 * reader to interpret.
 */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickledList
  | PickledDict
  | PickledName
  | PickledCall
  | PickledReference;
export interface PickledList {
  readonly kind: 'list' | 'tuple';
  readonly items: readonly Pickled[];
}
export interface PickledDict {
  readonly kind: 'dict';
  readonly entries: ReadonlyMap<Pickled, Pickled>;
}
/** A class or function, by module and name: "torch.FloatStorage". */
export interface PickledName {
  readonly kind: 'name';
  readonly name: string;
}
export interface PickledCall {
  readonly kind: 'call';
  readonly callee: string;
  readonly inputs: readonly Pickled[];
}
/** What the pickle leaves to its host, by an id: in torch's files, the bytes of a tensor. */
export interface PickledReference {
  readonly kind: 'reference';
  readonly id: Pickled;
}

/** A pickle, and where it ends: another may follow. */
export interface Unpickled {
  readonly value: Pickled;
  readonly end: number;
}

/**
 * Reads the pickle that starts at `start`: the opcodes for plain data in protocols 0 to 5
 * (https://docs.python.org/3/library/pickletools.html). Only globals that `allowed` permits are resolved; any
 * other is an error that names it.
 */
export function unpickle(bytes: Buffer, allowed: (name: string) => boolean, start = 0): Result<Unpickled> {
  try {
    return { ok: true, value: runMachine(bytes, allowed, start) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, error: error.message };
    throw error;
  }
}

/** Thrown and caught in this file alone: an opcode has no better way out of the machine. */
class Refused extends Error {}

/** A model's names and shapes take some ten thousand opcodes: a pickle of more would only fill the memory. */
const maxOpcodes = 1_000_000;

/** The dict `OrderedDict()` is filled by the opcodes that follow its making, as a dict's literal is. */
const orderedDict = 'collections.OrderedDict';

interface MutableList {
  readonly kind: 'list';
  readonly items: Pickled[];
}
interface MutableDict {
  readonly kind: 'dict';
  readonly entries: Map<Pickled, Pickled>;
}
type Value = Pickled | MutableList | MutableDict;

function runMachine(bytes: Buffer, allowed: (name: string) => boolean, start: number): Unpickled {
  const stack: Value[] = [];
  const marks: number[] = [];
  const memo = new Map<number, Value>();
  let at = start;

  const advance = (count: number): number => {
    if (count > bytes.length - at)
      throw new Refused(`the pickle ends at byte ${bytes.length}, inside an opcode`);
    at += count;
    return at - count;
  };
  const pop = (): Value => {
    const value = stack.length > (marks.at(-1) ?? 0) ? stack.pop() : undefined;
    if (value === undefined) throw new Refused('the pickle pops more values than it has pushed');
    return value;
  };
  const popToMark = (): Value[] => {
    const mark = marks.pop();
    if (mark === undefined) throw new Refused('the pickle lacks a mark');
    return stack.splice(mark);
  };
  const top = (): Value => {
    const value = pop();
    stack.push(value);
    return value;
  };
  const recall = (key: number): Value => {
    const value = memo.get(key);
    if (value === undefined) throw new Refused(`the pickle reads memo entry ${key}, which it never stored`);
    return value;
  };
  const utf8 = (length: number): string => {
    const from = advance(length);
    return required(
      utf8Text(bytes.subarray(from, from + length)),
      `a text at byte ${from} that is not UTF-8`,
    );
  };
  /** Byte for byte: the encoding of the text depends on the opcode. */
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at);
    if (end === -1) throw new Refused('the pickle ends inside a line');
    const from = advance(end + 1 - at);
    return bytes.toString('latin1', from, end);
  };
  const lineOf = <T>(read: (text: string) => T | undefined, what: string): T => {
    const text = line();
    return required(read(text), `${JSON.stringify(text.slice(0, 50))} as ${what}`);
  };
  const named = (module: string, name: string): PickledName => {
    const full = `${module}.${name}`;
    if (!allowed(full))
      throw new Refused(
        `the pickle asks for ${JSON.stringify(full.slice(0, 200))}, which is not data: it is not loaded`,
      );
    return { kind: 'name', name: full };
  };

  for (let count = 0; count < maxOpcodes; count++) {
    const opcode = bytes[advance(1)];
    switch (opcode) {
      case 0x80:
        advance(1);
        break; // PROTO
      case 0x95:
        advance(8);
        break; // FRAME
      case 0x2e:
        return { value: pop(), end: at }; // STOP
      case 0x28:
        marks.push(stack.length);
        break; // MARK
      case 0x30:
        pop();
        break; // POP
      case 0x31:
        popToMark();
        break; // POP_MARK
      case 0x32:
        stack.push(top());
        break; // DUP
      case 0x4e:
        stack.push(null);
        break; // NONE
      case 0x88:
        stack.push(true);
        break; // NEWTRUE
      case 0x89:
        stack.push(false);
        break; // NEWFALSE
      case 0x4a:
        stack.push(bytes.readInt32LE(advance(4)));
        break; // BININT
      case 0x4b:
        stack.push(bytes.readUInt8(advance(1)));
        break; // BININT1
      case 0x4d:
        stack.push(bytes.readUInt16LE(advance(2)));
        break; // BININT2
      case 0x8a:
        stack.push(long(bytes, advance, bytes.readUInt8(advance(1))));
        break; // LONG1
      case 0x47:
        stack.push(bytes.readDoubleBE(advance(8)));
        break; // BINFLOAT
      case 0x58:
        stack.push(utf8(bytes.readUInt32LE(advance(4))));
        break; // BINUNICODE
      case 0x8c:
        stack.push(utf8(bytes.readUInt8(advance(1))));
        break; // SHORT_BINUNICODE
      case 0x54:
        stack.push(utf8(bytes.readUInt32LE(advance(4))));
        break; // BINSTRING
      case 0x55:
        stack.push(utf8(bytes.readUInt8(advance(1))));
        break; // SHORT_BINSTRING
      case 0x5d:
        stack.push({ kind: 'list', items: [] });
        break; // EMPTY_LIST
      case 0x7d:
        stack.push({ kind: 'dict', entries: new Map() });
        break; // EMPTY_DICT
      case 0x29:
        stack.push({ kind: 'tuple', items: [] });
        break; // EMPTY_TUPLE
      case 0x85:
        stack.push({ kind: 'tuple', items: [pop()] });
        break; // TUPLE1
      case 0x86:
        stack.push({ kind: 'tuple', items: [pop(), pop()].reverse() });
        break; // TUPLE2
      case 0x87:
        stack.push({ kind: 'tuple', items: [pop(), pop(), pop()].reverse() });
        break; // TUPLE3
      case 0x74:
        stack.push({ kind: 'tuple', items: popToMark() });
        break; // TUPLE
      case 0x6c:
        stack.push({ kind: 'list', items: popToMark() });
        break; // LIST
      case 0x64:
        stack.push({ kind: 'dict', entries: new Map(pairs(popToMark())) });
        break; // DICT
      case 0x61:
        extend([pop()], top());
        break; // APPEND
      case 0x65:
        extend(popToMark(), top());
        break; // APPENDS
      case 0x73:
        assign([pop(), pop()].reverse(), top());
        break; // SETITEM
      case 0x75:
        assign(popToMark(), top());
        break; // SETITEMS
      case 0x49:
        stack.push(lineOf(integerLine, 'an integer'));
        break; // INT
      case 0x4c:
        stack.push(lineOf((text) => integerLine(text.replace(/L$/, '')), 'an integer'));
        break; // LONG
      case 0x46:
        stack.push(lineOf(floatLine, 'a number'));
        break; // FLOAT
      case 0x53:
        stack.push(lineOf(stringLine, 'a quoted string'));
        break; // STRING
      case 0x56:
        stack.push(lineOf(unicodeLine, 'a string'));
        break; // UNICODE
      case 0x70:
        memo.set(lineOf(memoLine, 'an index into its memo'), top());
        break; // PUT
      case 0x67:
        stack.push(recall(lineOf(memoLine, 'an index into its memo')));
        break; // GET
      case 0x71:
        memo.set(bytes.readUInt8(advance(1)), top());
        break; // BINPUT
      case 0x72:
        memo.set(bytes.readUInt32LE(advance(4)), top());
        break; // LONG_BINPUT
      case 0x94:
        memo.set(memo.size, top());
        break; // MEMOIZE
      case 0x68:
        stack.push(recall(bytes.readUInt8(advance(1))));
        break; // BINGET
      case 0x6a:
        stack.push(recall(bytes.readUInt32LE(advance(4))));
        break; // LONG_BINGET
      case 0x63:
        stack.push(named(line(), line()));
        break; // GLOBAL
      case 0x93:
        stack.push(stackName(named, pop(), pop()));
        break; // STACK_GLOBAL
      case 0x69:
        named(line(), line());
        throw unknown(opcode, at); // INST
      case 0x51:
        stack.push({ kind: 'reference', id: pop() });
        break; // BINPERSID
      case 0x52:
        stack.push(call(pop(), pop()));
        break; // REDUCE
      case 0x62:
        build(pop(), top());
        break; // BUILD
      default:
        throw unknown(opcode, at);
    }
  }
  throw new Refused(`the pickle has more than ${maxOpcodes} opcodes`);
}

const unknown = (opcode: number | undefined, at: number): Refused =>
  new Refused(
    `the pickle uses opcode 0x${(opcode ?? 0).toString(16)} at byte ${at - 1}, which a file of ` +
      'tensors does not need',
  );

const memoLine = (line: string): number | undefined => (/^\d{1,9}$/.test(line) ? Number(line) : undefined);

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Refused(`the pickle holds ${what}`);
  return value;
}

/** A little-endian integer in two's complement. */
function long(bytes: Buffer, advance: (count: number) => number, length: number): number | bigint {
  const from = advance(length);
  if (length === 0) return 0;
  const magnitude = BigInt(
    `0x${Buffer.from(bytes.subarray(from, from + length))
      .reverse()
      .toString('hex')}`,
  );
  const value = BigInt.asIntN(8 * length, magnitude);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function pairs(values: readonly Value[]): readonly (readonly [Value, Value])[] {
  return values.flatMap((key, i) => {
    const value = values[i + 1];
    return i % 2 === 0 && value !== undefined ? [[key, value] as const] : [];
  });
}

function extend(values: readonly Value[], list: Value): void {
  if (!isList(list)) throw new Refused('the pickle appends to something that is not a list');
  for (const value of values) list.items.push(value);
}

function assign(values: readonly Value[], dict: Value): void {
  if (!isDict(dict)) throw new Refused('the pickle sets an item of something that is not a dict');
  for (const [key, value] of pairs(values)) dict.entries.set(key, value);
}

function stackName(
  named: (module: string, name: string) => PickledName,
  name: Value,
  module: Value,
): PickledName {
  if (typeof module !== 'string' || typeof name !== 'string')
    throw new Refused('the pickle asks for a name that is not a string');
  return named(module, name);
}

function call(inputs: Value, callee: Value): Value {
  if (!hasKind(callee) || callee.kind !== 'name')
    throw new Refused('the pickle calls something that is not a function');
  if (!hasKind(inputs) || inputs.kind !== 'tuple')
    throw new Refused(`the pickle calls ${callee.name} without a tuple of arguments`);
  if (callee.name === orderedDict && inputs.items.length === 0) return { kind: 'dict', entries: new Map() };
  return { kind: 'call', callee: callee.name, inputs: inputs.items };
}

/**
 * Attributes of a dict (torch's `_metadata`) are not data of tensors; an object of any other kind has none.
 */
function build(_state: Value, target: Value): void {
  if (!isDict(target)) throw new Refused('the pickle sets attributes of something that is not a dict');
}

const hasKind = (value: Value): value is Extract<Value, { readonly kind: string }> =>
  typeof value === 'object' && value !== null;
const isList = (value: Value): value is MutableList => hasKind(value) && value.kind === 'list';
const isDict = (value: Value): value is MutableDict => hasKind(value) && value.kind === 'dict';
