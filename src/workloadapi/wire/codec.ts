import { BinaryReader, BinaryWriter } from 'google-protobuf'
import { WorkloadAPIError } from '../error.ts'
import type { Message } from './message.ts'

/** The bytes of a message. */
export function encode<T>(message: Message<T>, value: T): Uint8Array {
  const writer = new BinaryWriter()
  message.writeFields(writer, value)
  return writer.getResultBuffer()
}

/**
 * Reads the bytes of a message. Fields that are not known are skipped; everything that is not a message is
 * refused.
 *
 * @throws `WorkloadAPIError` `ERR_SPIFFE_WORKLOAD_API_MESSAGE_MALFORMED`
 */
export function decode<T>(message: Message<T>, bytes: Uint8Array): T {
  const collector = message.collect()
  try {
    collector.readFields(new BinaryReader(bytes))
  } catch (cause) {
    throw new WorkloadAPIError(
      'ERR_SPIFFE_WORKLOAD_API_MESSAGE_MALFORMED',
      `${bytes.length} bytes came that are no message of this call`,
      { cause },
    )
  }
  return collector.value()
}
