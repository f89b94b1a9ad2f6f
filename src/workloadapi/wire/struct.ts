import type { BinaryReader, BinaryWriter } from 'google-protobuf'
import { map, message, readKnownFields, readNested, readOne, repeated } from './message.ts'
import { string, type Type, type WireType, wireTypes } from './types.ts'

/** A value of JSON, as `google.protobuf.Value` carries it: every number is a double. */
export type StructValue = null | number | string | boolean | readonly StructValue[] | Struct

/** A JSON object, as `google.protobuf.Struct` carries it. */
export interface Struct {
  readonly [name: string]: StructValue
}

/** The kinds of value, by field number (google/protobuf/struct.proto). */
const kinds: ReadonlyMap<number, { wireType: WireType; read(reader: BinaryReader): StructValue }> = new Map([
  [1, { wireType: wireTypes.varint, read: readNull }],
  [2, { wireType: wireTypes.fixed64, read: (reader: BinaryReader) => reader.readDouble() }],
  [3, { wireType: wireTypes.delimited, read: (reader: BinaryReader) => readOne(string, reader) }],
  [4, { wireType: wireTypes.varint, read: (reader: BinaryReader) => reader.readBool() }],
  [5, { wireType: wireTypes.delimited, read: (reader: BinaryReader) => readOne(struct, reader) }],
  [6, { wireType: wireTypes.delimited, read: (reader: BinaryReader) => readOne(list, reader).values }],
])

const value: Type<StructValue> = {
  wireType: wireTypes.delimited,
  collect: () => {
    let newest: StructValue = null
    const known = (number: number) => {
      const kind = kinds.get(number)
      return (
        kind && {
          ...kind,
          read: (reader: BinaryReader) => {
            newest = kind.read(reader)
          },
        }
      )
    }
    return {
      read: (reader) => readNested(reader, () => readKnownFields(reader, known)),
      value: () => newest,
    }
  },
  isEmpty: () => false,
  write: (writer, fieldNumber, written) =>
    writer.writeMessage(fieldNumber, { written }, () => writeKind(writer, written)),
}

const list = message({ values: repeated(1, value) })
const fields = message({ fields: map(1, value) })

/** `google.protobuf.Struct` as a plain object; a member called `__proto__` is one like any other. */
export const struct: Type<Struct> = {
  wireType: wireTypes.delimited,
  collect: () => {
    const collector = fields.collect()
    return { read: collector.read, value: () => Object.fromEntries(collector.value().fields) }
  },
  isEmpty: (object) => Object.keys(object).length === 0,
  write: (writer, fieldNumber, object) =>
    fields.write(writer, fieldNumber, { fields: new Map(Object.entries(object)) }),
}

function readNull(reader: BinaryReader): null {
  reader.readEnum()
  return null
}

function writeKind(writer: BinaryWriter, written: StructValue): void {
  if (written === null) writer.writeEnum(1, 0)
  else if (typeof written === 'number') writer.writeDouble(2, written)
  else if (typeof written === 'string') string.write(writer, 3, written)
  else if (typeof written === 'boolean') writer.writeBool(4, written)
  else if (isList(written)) list.write(writer, 6, { values: written })
  else struct.write(writer, 5, written)
}

// Array.isArray alone does not tell a readonly array from an object.
function isList(written: readonly StructValue[] | Struct): written is readonly StructValue[] {
  return Array.isArray(written)
}
