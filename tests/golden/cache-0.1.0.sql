PRAGMA user_version = 4;
CREATE TABLE runs (
    run TEXT PRIMARY KEY,
    pipeline TEXT NOT NULL,
    file TEXT NOT NULL,
    pid INTEGER NOT NULL,
    pid_started TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    exit_code INTEGER,
    counts TEXT,
    reaped INTEGER NOT NULL DEFAULT 0
  ) STRICT;
INSERT INTO runs VALUES ('20261128-194318-9edb', 'kept', 'pipeline.yaml', 31545, '350441', 1795894998299, 1795894998883, 1, '{"ran":2,"cached":0,"restored":0,"failed":1,"blocked":0,"skipped":0,"interrupted":0}', 1);
INSERT INTO runs VALUES ('20261128-194319-5504', 'kept', 'pipeline.yaml', 31609, '350570', 1795894999546, 1795894999915, 1, '{"ran":0,"cached":2,"restored":0,"failed":1,"blocked":0,"skipped":0,"interrupted":0}', 1);
INSERT INTO runs VALUES ('20261128-194320-7f11', 'kept', 'pipeline.yaml', 31655, '350674', 1795895000668, 1795895000723, 0, '{"ran":0,"cached":2,"restored":0,"failed":0,"blocked":0,"skipped":0,"interrupted":0}', 1);
CREATE TABLE events (
    run TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    instance TEXT,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run, sequence)
  ) STRICT, WITHOUT ROWID;
INSERT INTO events VALUES ('20261128-194318-9edb', 0, NULL, 'run-started', '{"kind":"run-started","at":1795894998299,"run":"20261128-194318-9edb","pipeline":"kept","instances":["score[1]","score[2]","broken"],"jobs":2,"earlier":{}}');
INSERT INTO events VALUES ('20261128-194318-9edb', 1, 'score[2]', 'started', '{"kind":"started","at":1795894998400,"instance":"score[2]","key":"c2bc7887b5bbca87fb1ad4a9b6a6de50feaf3fff65e2dc72489abc1ac8435a16","because":[{"kind":"no-result"}],"attempt":1,"resumed":false}');
INSERT INTO events VALUES ('20261128-194318-9edb', 2, 'score[1]', 'started', '{"kind":"started","at":1795894998402,"instance":"score[1]","key":"90c36a65968815ac051dcc822f1eabdaf6823298109214239736a65a224d86f0","because":[{"kind":"no-result"}],"attempt":1,"resumed":false}');
INSERT INTO events VALUES ('20261128-194318-9edb', 3, 'score[2]', 'finished', '{"kind":"finished","at":1795894998794,"instance":"score[2]","key":"c2bc7887b5bbca87fb1ad4a9b6a6de50feaf3fff65e2dc72489abc1ac8435a16","outcome":{"kind":"ran","seconds":0.43634626199999993,"published":true}}');
INSERT INTO events VALUES ('20261128-194318-9edb', 4, 'score[1]', 'finished', '{"kind":"finished","at":1795894998798,"instance":"score[1]","key":"90c36a65968815ac051dcc822f1eabdaf6823298109214239736a65a224d86f0","outcome":{"kind":"ran","seconds":0.43475738999999985,"published":true}}');
INSERT INTO events VALUES ('20261128-194318-9edb', 5, 'broken', 'started', '{"kind":"started","at":1795894998801,"instance":"broken","key":"bed80a45dfb8416a1afab8239bc0704f851a306402c2aa45db0a960d01553c9d","because":[{"kind":"no-result"}],"attempt":1,"resumed":false}');
INSERT INTO events VALUES ('20261128-194318-9edb', 6, 'broken', 'finished', '{"kind":"finished","at":1795894998881,"instance":"broken","key":"bed80a45dfb8416a1afab8239bc0704f851a306402c2aa45db0a960d01553c9d","outcome":{"kind":"failed","failure":{"kind":"exit","code":3},"seconds":0.06162114300000007,"tail":[]}}');
INSERT INTO events VALUES ('20261128-194318-9edb', 7, NULL, 'run-finished', '{"kind":"run-finished","at":1795894998882,"run":"20261128-194318-9edb","exitCode":1,"seconds":0.582799485}');
INSERT INTO events VALUES ('20261128-194319-5504', 0, NULL, 'run-started', '{"kind":"run-started","at":1795894999546,"run":"20261128-194319-5504","pipeline":"kept","instances":["score[1]","score[2]","broken"],"jobs":2,"earlier":{"score":0.43555182599999986}}');
INSERT INTO events VALUES ('20261128-194319-5504', 1, 'broken', 'started', '{"kind":"started","at":1795894999593,"instance":"broken","key":"bed80a45dfb8416a1afab8239bc0704f851a306402c2aa45db0a960d01553c9d","because":[{"kind":"failed-before"}],"attempt":1,"resumed":false}');
INSERT INTO events VALUES ('20261128-194319-5504', 2, 'broken', 'finished', '{"kind":"finished","at":1795894999914,"instance":"broken","key":"bed80a45dfb8416a1afab8239bc0704f851a306402c2aa45db0a960d01553c9d","outcome":{"kind":"failed","failure":{"kind":"exit","code":3},"seconds":0.30084387,"tail":[]}}');
INSERT INTO events VALUES ('20261128-194319-5504', 3, NULL, 'run-finished', '{"kind":"run-finished","at":1795894999915,"run":"20261128-194319-5504","exitCode":1,"seconds":0.368460197}');
INSERT INTO events VALUES ('20261128-194320-7f11', 0, NULL, 'run-started', '{"kind":"run-started","at":1795895000668,"run":"20261128-194320-7f11","pipeline":"kept","instances":["score[1]","score[2]"],"jobs":2,"earlier":{"score":0.43555182599999986}}');
INSERT INTO events VALUES ('20261128-194320-7f11', 1, NULL, 'run-finished', '{"kind":"run-finished","at":1795895000723,"run":"20261128-194320-7f11","exitCode":0,"seconds":0.054546651999999994}');
CREATE TABLE attempts (
    run TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    instance TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    key TEXT NOT NULL,
    output TEXT NOT NULL,
    ended TEXT,
    PRIMARY KEY (run, instance, attempt)
  ) STRICT, WITHOUT ROWID;
INSERT INTO attempts VALUES ('20261128-194318-9edb', 'kept', 'broken', 1, 'bed80a45dfb8416a1afab8239bc0704f851a306402c2aa45db0a960d01553c9d', 'cache/logs/20261128-194318-9edb/3.txt', 'failed');
INSERT INTO attempts VALUES ('20261128-194318-9edb', 'kept', 'score[1]', 1, '90c36a65968815ac051dcc822f1eabdaf6823298109214239736a65a224d86f0', 'cache/logs/20261128-194318-9edb/2.txt', 'done');
INSERT INTO attempts VALUES ('20261128-194318-9edb', 'kept', 'score[2]', 1, 'c2bc7887b5bbca87fb1ad4a9b6a6de50feaf3fff65e2dc72489abc1ac8435a16', 'cache/logs/20261128-194318-9edb/1.txt', 'done');
INSERT INTO attempts VALUES ('20261128-194319-5504', 'kept', 'broken', 1, 'bed80a45dfb8416a1afab8239bc0704f851a306402c2aa45db0a960d01553c9d', 'cache/logs/20261128-194319-5504/1.txt', 'failed');
CREATE TABLE process_groups (
    leader INTEGER PRIMARY KEY,
    leader_started TEXT NOT NULL
  ) STRICT;
CREATE TABLE entries (
    key TEXT PRIMARY KEY,
    manifest TEXT NOT NULL,
    outs TEXT NOT NULL,
    run TEXT NOT NULL,
    seconds REAL NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
INSERT INTO entries VALUES ('90c36a65968815ac051dcc822f1eabdaf6823298109214239736a65a224d86f0', '{"format":"1","program":{"kind":"command","words":["shell",["printf ''{\"loss\":%s}'' ''1'' > ",{"out":"metrics"}]],"executable":"f5adb8bf0100ed0f8c7782ca5f92814e9229525a4b4e0d401cf3bea09ac960a6","code":{}},"params":{},"deps":{},"outs":{"metrics":"metrics.json"},"env":{},"platform":{"os":"linux","arch":"x64"}}', '{"metrics":{"form":"file","digest":"b211e0ab7b0e4077b88cde4f0fb7f6ec121eacd8066d8d144d24e4e1f2c6aa85"}}', '20261128-194318-9edb', 0.43475738999999985, 1795894998763);
INSERT INTO entries VALUES ('c2bc7887b5bbca87fb1ad4a9b6a6de50feaf3fff65e2dc72489abc1ac8435a16', '{"format":"1","program":{"kind":"command","words":["shell",["printf ''{\"loss\":%s}'' ''2'' > ",{"out":"metrics"}]],"executable":"f5adb8bf0100ed0f8c7782ca5f92814e9229525a4b4e0d401cf3bea09ac960a6","code":{}},"params":{},"deps":{},"outs":{"metrics":"metrics.json"},"env":{},"platform":{"os":"linux","arch":"x64"}}', '{"metrics":{"form":"file","digest":"49de4b16b128f830b3426c6f83e345454f85bc8847a9c776332e94584756e33b"}}', '20261128-194318-9edb', 0.43634626199999993, 1795894998765);
CREATE TABLE results (
    pipeline TEXT NOT NULL,
    instance TEXT NOT NULL,
    key TEXT NOT NULL,
    manifest TEXT NOT NULL,
    run TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (pipeline, instance)
  ) STRICT, WITHOUT ROWID;
INSERT INTO results VALUES ('kept', 'score[1]', '90c36a65968815ac051dcc822f1eabdaf6823298109214239736a65a224d86f0', '{"format":"1","program":{"kind":"command","words":["shell",["printf ''{\"loss\":%s}'' ''1'' > ",{"out":"metrics"}]],"executable":"f5adb8bf0100ed0f8c7782ca5f92814e9229525a4b4e0d401cf3bea09ac960a6","code":{}},"params":{},"deps":{},"outs":{"metrics":"metrics.json"},"env":{},"platform":{"os":"linux","arch":"x64"}}', '20261128-194318-9edb', 1795894998763);
INSERT INTO results VALUES ('kept', 'score[2]', 'c2bc7887b5bbca87fb1ad4a9b6a6de50feaf3fff65e2dc72489abc1ac8435a16', '{"format":"1","program":{"kind":"command","words":["shell",["printf ''{\"loss\":%s}'' ''2'' > ",{"out":"metrics"}]],"executable":"f5adb8bf0100ed0f8c7782ca5f92814e9229525a4b4e0d401cf3bea09ac960a6","code":{}},"params":{},"deps":{},"outs":{"metrics":"metrics.json"},"env":{},"platform":{"os":"linux","arch":"x64"}}', '20261128-194318-9edb', 1795894998765);
CREATE TABLE outcomes (
    pipeline TEXT NOT NULL,
    instance TEXT NOT NULL,
    run TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (pipeline, instance)
  ) STRICT, WITHOUT ROWID;
INSERT INTO outcomes VALUES ('kept', 'broken', '20261128-194318-9edb', 'failed');
INSERT INTO outcomes VALUES ('kept', 'score[1]', '20261128-194318-9edb', 'ran');
INSERT INTO outcomes VALUES ('kept', 'score[2]', '20261128-194318-9edb', 'ran');
CREATE TABLE placements (
    path TEXT PRIMARY KEY,
    pipeline TEXT NOT NULL,
    instance TEXT NOT NULL,
    form TEXT NOT NULL,
    digest TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
INSERT INTO placements VALUES ('artifacts/kept/score/1/metrics.json', 'kept', 'score[1]', 'file', 'b211e0ab7b0e4077b88cde4f0fb7f6ec121eacd8066d8d144d24e4e1f2c6aa85');
INSERT INTO placements VALUES ('artifacts/kept/score/2/metrics.json', 'kept', 'score[2]', 'file', '49de4b16b128f830b3426c6f83e345454f85bc8847a9c776332e94584756e33b');
CREATE TABLE stats (
    path TEXT PRIMARY KEY,
    stamp TEXT NOT NULL,
    digest TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
CREATE TABLE bundles (
    path TEXT PRIMARY KEY,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
CREATE TABLE programs (
    digest TEXT PRIMARY KEY,
    description TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
CREATE TABLE checked (
    pipeline TEXT PRIMARY KEY,
    digest TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
CREATE TABLE holder (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    pid INTEGER NOT NULL,
    since INTEGER NOT NULL
  ) STRICT;
CREATE TABLE listings (
    digest TEXT PRIMARY KEY,
    text BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
CREATE TABLE plans (
    file TEXT PRIMARY KEY,
    text TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
CREATE TABLE idle (
    request TEXT PRIMARY KEY,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
CREATE INDEX events_of_instance ON events (instance, run, sequence);
CREATE INDEX attempts_of_key ON attempts (key, run, attempt);
CREATE INDEX results_of_key ON results (key);
CREATE INDEX placements_of_instance ON placements (pipeline, instance);
CREATE TRIGGER idle_until_entries_insert AFTER INSERT ON entries BEGIN DELETE FROM idle; END;
CREATE TRIGGER idle_until_entries_delete AFTER DELETE ON entries BEGIN DELETE FROM idle; END;
CREATE TRIGGER idle_until_results_insert AFTER INSERT ON results BEGIN DELETE FROM idle; END;
CREATE TRIGGER idle_until_results_delete AFTER DELETE ON results BEGIN DELETE FROM idle; END;
CREATE TRIGGER idle_until_outcomes_insert AFTER INSERT ON outcomes BEGIN DELETE FROM idle; END;
CREATE TRIGGER idle_until_outcomes_delete AFTER DELETE ON outcomes BEGIN DELETE FROM idle; END;
CREATE TRIGGER idle_until_placements_insert AFTER INSERT ON placements BEGIN DELETE FROM idle; END;
CREATE TRIGGER idle_until_placements_delete AFTER DELETE ON placements BEGIN DELETE FROM idle; END;
CREATE TRIGGER idle_until_bundles_insert AFTER INSERT ON bundles BEGIN DELETE FROM idle; END;
CREATE TRIGGER idle_until_bundles_delete AFTER DELETE ON bundles BEGIN DELETE FROM idle; END;
CREATE TRIGGER idle_until_programs_insert AFTER INSERT ON programs BEGIN DELETE FROM idle; END;
CREATE TRIGGER idle_until_programs_delete AFTER DELETE ON programs BEGIN DELETE FROM idle; END;
CREATE TRIGGER idle_until_stats_delete AFTER DELETE ON stats BEGIN DELETE FROM idle; END;
