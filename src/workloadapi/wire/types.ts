import type { BinaryReader, BinaryWriter } from 'google-protobuf'

/**
 * How values of one protobuf type go over the wire.
 *
 * Types only describe: they load nothing, and `codec.ts` brings the reader and the writer.
 */
export interface Type<T> {
  /** The wire type that carries it. A field that comes in another one is unknown, and skipped. */
  readonly wireType: WireType
  /** Begins to read one value. */
  collect(): Collector<T>
  /** Whether it is the value of a field that was not sent; such a field is not written either. */
  isEmpty(value: T): boolean
  write(writer: BinaryWriter, fieldNumber: number, value: T): void
}

/** A value while it is read: a field may come more than once. */
export interface Collector<T> {
  /** Reads the field at the cursor. */
  read(reader: BinaryReader): void
  /** What all of it amounts to. */
  value(): T
}

/** Protobuf encoding, wire types. */
export const wireTypes = { varint: 0, fixed64: 1, delimited: 2 } as const
export type WireType = (typeof wireTypes)[keyof typeof wireTypes]

// The reader's own way to strict UTF-8 swallows a byte order mark: two texts would read as one.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const string: Type<string> = {
  wireType: wireTypes.delimited,
  collect: () => newest('', (reader) => utf8.decode(reader.readBytes())),
  isEmpty: (value) => value === '',
  write: (writer, fieldNumber, value) => writer.writeString(fieldNumber, value),
}

export const bytes: Type<Uint8Array> = {
  wireType: wireTypes.delimited,
  collect: () => newest(new Uint8Array(), (reader) => reader.readBytes()),
  isEmpty: (value) => value.length === 0,
  write: (writer, fieldNumber, value) => writer.writeBytes(fieldNumber, value),
}

/** Collects a value that counts as it came last. */
function newest<T>(empty: T, read: (reader: BinaryReader) => T): Collector<T> {
  let value = empty
  return {
    read: (reader) => {
      value = read(reader)
    },
    value: () => value,
  }
}
