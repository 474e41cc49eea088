/**
 * Run-time description of the wire messages: what the generated files in gen/ are made of and what the codecs read.
 * Tables only; no behaviour beyond building an index. A message in memory is a plain object whose keys are the
 * proto's own (snake_case) names: absent optional, repeated and map fields are `undefined`, never null.
 */
export type ScalarName =
  | 'double'
  | 'float'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'int64'
  | 'uint64'
  | 'sint64'
  | 'bool'
  | 'string'
  | 'bytes';

export type FieldLabel = 'required' | 'optional' | 'repeated' | 'map';

interface FieldCommon {
  readonly no: number;
  readonly name: string;
  readonly label: FieldLabel;
  /** Key type of a map field. */
  readonly key?: 'string' | 'int32' | 'uint32' | 'int64' | 'uint64' | 'bool';
  /** Explicit default of the .proto file. */
  readonly default?: string | number | boolean;
  readonly deprecated?: true;
  readonly oneof?: string;
}

export type Field =
  | (FieldCommon & { readonly kind: 'scalar'; readonly scalar: ScalarName })
  | (FieldCommon & { readonly kind: 'enum'; readonly enum: EnumType<string> })
  // biome-ignore lint/suspicious/noExplicitAny: a table of messages of every shape.
  | (FieldCommon & { readonly kind: 'message'; readonly message: MessageType<any> });

export interface EnumType<Name extends string> {
  readonly fullName: string;
  readonly numberOf: ReadonlyMap<Name, number>;
  readonly nameOf: ReadonlyMap<number, Name>;
  /** What a value that is not in the table is read as; undefined: it is dropped, or a fault where one is required. */
  readonly unknown?: Name | undefined;
}

/** A message type; `T` is the shape of its plain objects. */
export interface MessageType<T extends object> {
  readonly fullName: string;
  /** In field number order. Built at first use. */
  readonly fields: readonly Field[];
  readonly byNumber: ReadonlyMap<number, Field>;
  readonly byName: ReadonlyMap<string, Field>;
  /** Never present; carries the type. */
  readonly shape?: T;
}

export function enumType<Name extends string>(
  fullName: string,
  values: Readonly<Record<Name, number>>,
  unknown?: NoInfer<Name>,
): EnumType<Name> {
  const entries = Object.entries(values) as [Name, number][];
  const nameOf = new Map(entries.map(([name, number]) => [number, name]));
  return { fullName, numberOf: new Map(entries), nameOf, unknown };
}

class LazyMessageType<T extends object> implements MessageType<T> {
  #fields: readonly Field[] | undefined;
  #byNumber: ReadonlyMap<number, Field> | undefined;
  #byName: ReadonlyMap<string, Field> | undefined;

  constructor(
    readonly fullName: string,
    private readonly build: () => readonly Field[],
  ) {}

  get fields(): readonly Field[] {
    this.#fields ??= this.build();
    return this.#fields;
  }

  get byNumber(): ReadonlyMap<number, Field> {
    this.#byNumber ??= new Map(this.fields.map((field) => [field.no, field]));
    return this.#byNumber;
  }

  get byName(): ReadonlyMap<string, Field> {
    this.#byName ??= new Map(this.fields.map((field) => [field.name, field]));
    return this.#byName;
  }
}

export function messageType<T extends object>(fullName: string, build: () => readonly Field[]): MessageType<T> {
  return new LazyMessageType<T>(fullName, build);
}
