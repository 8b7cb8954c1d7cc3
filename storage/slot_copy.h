// Copies parts of a slot from one shard to another, exactly: how a slot that differs is repaired.
//
// What it is: two functions. A part is a range of the hashes of one slot; the reader says every
// item in it, the writer drops whatever else it has there. A part is complete in itself, so a
// repair may end after any of them, and nothing needs to be remembered between two. What it is not:
// a snapshot; it does not follow items that move, because hashes do not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "proto/key_hash.h"
#include "storage/item_store.h"
#include "storage/record_writer.h"

namespace twincached {

// Appends a put for every item from `first` on, until about bytes_max or the end of that part of
// the index; returns the end of the range that was read.
uint64_t ReadSlotPart(const ItemStore& store, uint64_t first, size_t bytes_max,
                      RecordWriter* records);

// Removes every item in the range whose key is not among `keys`.
void DropAllBut(const absl::flat_hash_set<std::string>& keys, const HashRange& range,
                ItemStore* store);

}  // namespace twincached
