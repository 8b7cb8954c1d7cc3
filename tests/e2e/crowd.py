"""Many clients at once, some on each node of a pair, each in a thread of its own."""

import threading


def run_crowd(nodes, threads_per_node, work):
    """Calls work(node, index) in every thread, index 0 and up; raises what the first one raised."""
    failures = []

    def guarded(node, index):
        try:
            work(node, index)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(nodes[index % len(nodes)], index))
               for index in range(threads_per_node * len(nodes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
