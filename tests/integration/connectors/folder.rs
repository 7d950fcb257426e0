//! A watched folder: what is whole is read once, whatever it is called.

use std::{fs, path::Path, sync::Arc};

use onecase::{
    adapter::Adapter,
    app::{Collected, DropFolder, FederatedPlatform, Federation, Gateway, Sightings},
    domain::{organization::Directory, platform::PlatformKind},
};

use super::registered;
use crate::support::{
    gateway::{TestClock, platform, start},
    stores::on_both_stores,
};

const HEADER: &str = "登记编号,登记日期,信访形式,信访人,主题,内容\n";

fn federation(folder: &Path) -> Federation {
    let adapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let letters = FederatedPlatform {
        adapter: Some(Arc::new(Adapter::load(&adapters.join("file-drop")).unwrap())),
        folder: Some(DropFolder::Local(folder.to_owned())),
        ..platform("letters", PlatformKind::LettersAndVisits, "430000")
    };
    Federation::new(vec![letters], Directory::default())
}

struct Dropped<'a> {
    gateway: &'a Gateway,
    folder: &'a Path,
    sightings: Sightings,
}

impl Dropped<'_> {
    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.folder.join(name), content).unwrap();
    }

    async fn look(&mut self) -> Collected {
        let platform = self.gateway.federation().platform("letters").unwrap().clone();
        self.gateway.collect(&platform, &mut self.sightings).await.unwrap()
    }

    /// Names in the folder and in those within, sorted.
    fn names(&self) -> Vec<String> {
        let list = |folder: &Path| -> Vec<String> {
            let entries = fs::read_dir(folder).map(|entries| entries.map(|e| e.unwrap().path()).collect::<Vec<_>>()).unwrap_or_default();
            entries.iter().filter(|path| path.is_file()).map(|path| path.strip_prefix(self.folder).unwrap().display().to_string()).collect()
        };
        let mut names: Vec<String> = ["", "done", "failed"].iter().flat_map(|sub| list(&self.folder.join(sub))).collect();
        names.sort();
        names
    }
}

fn row(id: u32) -> String {
    format!("L{id},2026/03/01 09:30,来信,张三,路灯,路灯不亮{id}\n")
}

on_both_stores! {
    async fn files_are_taken_when_whole_and_only_once(store: TestStore) {
        let folder = store.directory().join("drop");
        fs::create_dir_all(&folder).unwrap();
        let gateway = start(&store, federation(&folder), &TestClock::new());
        let mut dropped = Dropped { gateway: &gateway, folder: &folder, sightings: Sightings::default() };

        // Not whole yet, by name and by growth.
        dropped.put("信访登记表1.csv.part", format!("{HEADER}{}", row(1)));
        dropped.put("信访登记表2.csv", HEADER);
        assert_eq!(dropped.look().await, Collected { waiting: 2, ..Collected::default() });
        dropped.put("信访登记表2.csv", format!("{HEADER}{}{}", row(2), row(3)));
        assert_eq!(dropped.look().await.waiting, 2);
        let taken = dropped.look().await;
        assert_eq!((taken.files, taken.received.registered), (1, 2));
        assert_eq!(registered(&gateway).await, ["L2", "L3"]);

        // Whole under its final name, and dropped again under others.
        fs::rename(folder.join("信访登记表1.csv.part"), folder.join("信访登记表1.csv")).unwrap();
        dropped.put("信访登记表2.csv", format!("{HEADER}{}{}", row(2), row(3)));
        dropped.put("信访登记表2 (1).csv", format!("{HEADER}{}{}", row(2), row(3)));
        dropped.look().await;
        let taken = dropped.look().await;
        assert_eq!((taken.files, taken.known, taken.received.registered), (1, 2, 1));
        let names = dropped.names();
        assert!(names.iter().all(|name| name.starts_with("done/")), "{names:?}");
        assert_eq!(names.len(), 4);

        // Broken ones are put aside and named; others go on.
        dropped.put("信访登记表3.csv", "登记编号,登记编号\n1,2\n");
        dropped.put("照片.jpg", "?");
        dropped.put("信访登记表4.csv", format!("{HEADER}{}坏行\n{}", row(4), row(5)));
        dropped.look().await;
        let taken = dropped.look().await;
        assert_eq!((taken.files, taken.failed, taken.received.registered, taken.received.quarantined), (1, 2, 2, 1));
        assert!(dropped.names().contains(&"failed/照片.jpg".to_owned()));
        let classes: Vec<String> = gateway.platform("letters").await.unwrap().unwrap().errors.into_iter().map(|e| e.code).collect();
        for class in ["header_unreadable", "no_such_file_kind", "unreadable"] {
            assert!(classes.contains(&class.to_owned()), "{classes:?}");
        }
        assert_eq!(registered(&gateway).await, ["L1", "L2", "L3", "L4", "L5"]);
    }

    async fn a_restart_in_the_middle_of_a_file_loses_nothing(store: TestStore) {
        let folder = store.directory().join("drop");
        fs::create_dir_all(&folder).unwrap();
        let clock = TestClock::new();
        let rows: String = (1..=40).map(row).collect();
        fs::write(folder.join("信访登记表.csv"), format!("{HEADER}{rows}")).unwrap();
        let first = start(&store, federation(&folder), &clock);
        // Half of it was registered when the process ended.
        let half = Adapter::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters/file-drop")).unwrap();
        let text = format!("{HEADER}{rows}");
        for record in half.file("信访登记表.csv", text.as_bytes()).unwrap().take(20) {
            let onecase::adapter::Inbound::Submission(submission) = record.unwrap().unwrap() else { panic!("not a submission") };
            first.submit("letters", *submission, None).await.unwrap();
        }
        drop(first);
        let gateway = start(&store, federation(&folder), &clock);
        let mut dropped = Dropped { gateway: &gateway, folder: &folder, sightings: Sightings::default() };
        dropped.look().await;
        let taken = dropped.look().await.received;
        assert_eq!((taken.registered, taken.known), (20, 20));
        assert_eq!(dropped.names(), ["done/信访登记表.csv"]);
    }
}
