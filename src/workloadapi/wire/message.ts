import type { BinaryReader, BinaryWriter } from 'google-protobuf'
import { type Collector, string, type Type, type WireType, wireTypes } from './types.ts'

/** One field of a message. */
export interface Field<T> {
  readonly number: number
  readonly wireType: WireType
  collect(): Collector<T>
  write(writer: BinaryWriter, value: T): void
}

/** A message, which can stand alone or in a field of another. */
export interface Message<T> extends Type<T> {
  collect(): MessageCollector<T>
  writeFields(writer: BinaryWriter, value: T): void
}

export interface MessageCollector<T> extends Collector<T> {
  /** Reads fields up to the end of what the reader was given. */
  readFields(reader: BinaryReader): void
}

/** What a message with these fields holds: each of them, with its empty value where it was not sent. */
export type Fields<F> = { readonly [Name in keyof F]: F[Name] extends Field<infer T> ? T : never }

/** A field that holds one value. */
export function one<T>(number: number, type: Type<T>): Field<T> {
  return {
    number,
    wireType: type.wireType,
    collect: () => type.collect(),
    write: (writer, value) => {
      if (!type.isEmpty(value)) type.write(writer, number, value)
    },
  }
}

/** A field that holds any number of values. */
export function repeated<T>(number: number, type: Type<T>): Field<readonly T[]> {
  return {
    number,
    wireType: type.wireType,
    collect: () => {
      const values: T[] = []
      return {
        read: (reader) => {
          values.push(readOne(type, reader))
        },
        value: () => values,
      }
    },
    write: (writer, values) => {
      for (const value of values) type.write(writer, number, value)
    },
  }
}

/** A field that holds values by name. An entry that comes twice counts as it came last. */
export function map<T>(number: number, type: Type<T>): Field<ReadonlyMap<string, T>> {
  const entry = message({ key: one(1, string), value: one(2, type) })
  return {
    number,
    wireType: entry.wireType,
    collect: () => {
      const values = new Map<string, T>()
      return {
        read: (reader) => {
          const { key, value } = readOne(entry, reader)
          values.set(key, value)
        },
        value: () => values,
      }
    },
    write: (writer, values) => {
      for (const [key, value] of values) entry.write(writer, number, { key, value })
    },
  }
}

/** A message with these fields, under the names that its value has them by. */
export function message<const F extends Readonly<Record<string, Field<unknown>>>>(
  fields: F,
): Message<Fields<F>> {
  const named = Object.entries(fields)
  const writeFields = (writer: BinaryWriter, value: Fields<F>): void => {
    for (const [name, field] of named) field.write(writer, value[name])
  }
  return {
    wireType: wireTypes.delimited,
    collect: () => {
      const collectors = named.map(([name, field]) => ({ name, ...field, collector: field.collect() }))
      const byNumber = new Map(
        collectors.map(({ number, wireType, collector }) => [number, { wireType, read: collector.read }]),
      )
      const readFields = (reader: BinaryReader): void =>
        readKnownFields(reader, (number) => byNumber.get(number))
      return {
        readFields,
        read: (reader) => readNested(reader, readFields),
        value: () =>
          Object.fromEntries(collectors.map(({ name, collector }) => [name, collector.value()])) as Fields<F>,
      }
    },
    isEmpty: () => false,
    writeFields,
    write: (writer, fieldNumber, value) =>
      writer.writeMessage(fieldNumber, value, () => writeFields(writer, value)),
  }
}

/** Reads one value of a type. */
export function readOne<T>(type: Type<T>, reader: BinaryReader): T {
  const collector = type.collect()
  collector.read(reader)
  return collector.value()
}

/** Reads fields up to the end of the message; those that are not known are skipped, as newer ones must be. */
export function readKnownFields(
  reader: BinaryReader,
  known: (number: number) => { readonly wireType: WireType; read(reader: BinaryReader): void } | undefined,
): void {
  while (reader.nextField()) {
    const field = known(reader.getFieldNumber())
    if (field?.wireType === reader.getWireType()) field.read(reader)
    else reader.skipField()
  }
}

/** Reads a message within a message, within the reader's limit of depth. */
export function readNested(reader: BinaryReader, readFields: (reader: BinaryReader) => void): void {
  reader.readMessage(undefined, () => readFields(reader))
}
