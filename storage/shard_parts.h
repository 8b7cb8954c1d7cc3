// What a shard is made of: the parts that its operations share.
//
// What it is: a plain bundle, so that Executor and Applier need one pointer. What it is not: an
// interface; outside of storage there is only Shard.
#pragma once

#include "storage/expiry_crawler.h"
#include "storage/flush_schedule.h"
#include "storage/item_store.h"
#include "storage/reclaimer.h"
#include "storage/remover.h"
#include "storage/shard_options.h"
#include "storage/shard_stats.h"
#include "storage/snapshot_cursor.h"
#include "storage/version_source.h"

namespace twincached {

struct ShardParts {
  explicit ShardParts(const ShardOptions& shard_options)
      : options(shard_options),
        versions(shard_options),
        store(shard_options),
        cursor(&store),
        remover(&store, &stats),
        reclaimer(&store, &cursor, &remover),
        crawler(&store, &remover) {}
  ShardParts(const ShardParts&) = delete;
  ShardParts& operator=(const ShardParts&) = delete;

  ShardOptions options;
  ShardStats stats;
  VersionSource versions;
  FlushSchedule flushes;
  ItemStore store;
  SnapshotCursor cursor;
  Remover remover;
  Reclaimer reclaimer;
  ExpiryCrawler crawler;
};

}  // namespace twincached
