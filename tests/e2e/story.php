<?php
// A shop's cache behind two nodes, driven line by line: `php story.php CLASS PORT PORT RETRY_S`.
// `set N` stores keys 0..N-1, `get N` reads them; the answer is one line, how many were right.
// The objects and their connections live from line to line, as in a worker of php-fpm.
[, $class, $port_one, $port_two, $retry_s] = $argv;

function value($i) {
    // Some strings, some numbers, some arrays: their types travel in the client flags.
    return $i % 3 == 0 ? "value of $i" : ($i % 3 == 1 ? $i * 7 : ['id' => $i, 'price' => $i / 4]);
}

$cache = new $class;
foreach ([$port_one, $port_two] as $port) {
    // One more argument in the pool's own class: the UDP port.
    if ($class === 'MemcachePool') {
        $cache->addServer('127.0.0.1', (int)$port, 0, true, 1, 1, (int)$retry_s);
    } else {
        $cache->addServer('127.0.0.1', (int)$port, true, 1, 1, (int)$retry_s);
    }
}
while (($line = fgets(STDIN)) !== false) {
    [$verb, $count] = explode(' ', trim($line));
    $right = 0;
    for ($i = 0; $i < $count; $i++) {
        $right += $verb === 'set' ? ($cache->set("key:$i", value($i)) ? 1 : 0)
                                  : ($cache->get("key:$i") === value($i) ? 1 : 0);
    }
    echo $right, "\n";
}
