//! Made-up people with valid numbers.

use super::dice::Dice;
use crate::domain::{resident_id, submission::PetitionerRole};
use crate::simulate::filing::Person;

const SURNAMES: [&str; 40] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "高", "罗", "郑", "梁",
    "谢", "宋", "唐", "许", "邓", "冯", "韩", "曹", "曾", "彭", "萧", "蔡", "潘", "田", "董", "袁", "欧阳", "上官",
];
const GIVEN: [&str; 48] = [
    "伟", "芳", "秀英", "建国", "丽", "强", "桂兰", "敏", "静", "军", "洋", "艳", "勇", "杰", "娟", "涛", "明", "超", "秀兰", "霞", "平",
    "刚", "志强", "玉梅", "建军", "晓红", "文博", "海燕", "国庆", "春花", "立新", "淑珍", "思远", "子涵", "家豪", "美玲", "长根", "振华",
    "雅琴", "小满", "立秋", "爱民", "晨曦", "德胜", "凤英", "永康", "若曦", "铁柱",
];
const MOBILE_PREFIXES: [&str; 10] = ["138", "139", "136", "137", "158", "159", "186", "187", "177", "199"];

/// A person as the scenario knows them; what they give away depends on the platform.
#[derive(Clone, Debug)]
pub(super) struct Resident {
    pub number: usize,
    pub name: String,
    pub id_number: String,
    pub phone: String,
    pub address: String,
}

impl Resident {
    pub fn invent(dice: &mut Dice, number: usize, division: &str, address: String) -> Self {
        let name = format!("{}{}", dice.pick(&SURNAMES), dice.pick(&GIVEN));
        Self { name, ..Self::named(dice, number, division, address, String::new()) }
    }

    pub fn named(dice: &mut Dice, number: usize, division: &str, address: String, name: String) -> Self {
        let mut id_number = format!(
            "{division}{:04}{:02}{:02}{:03}",
            dice.between(1948, 2003),
            dice.between(1, 12),
            dice.between(1, 28),
            dice.between(1, 999)
        );
        id_number.push(resident_id::check_character(id_number.as_bytes()));
        // The number itself keeps phones apart, however many people there are.
        let phone = format!("{}{:04}{:04}", dice.pick(&MOBILE_PREFIXES), dice.between(0, 9_999), number % 10_000);
        Self { number, name, id_number, phone, address }
    }

    /// What the person fills in on a platform of this kind.
    pub fn on(&self, place: Counter, dice: &mut Dice, role: PetitionerRole) -> Person {
        let (with_id, account) = match place {
            Counter::Office => (true, None),
            Counter::App => (dice.chance(60), Some(format!("u-{:06}", 100_000 + self.number * 37))),
            Counter::Wechat => (dice.chance(30), Some(format!("oLJ{:0>8x}{:0>8x}", self.number * 7_919, self.number * 104_729))),
        };
        Person {
            role,
            name: self.name.clone(),
            id_number: with_id.then(|| self.id_number.clone()),
            phone: Some(self.phone.clone()),
            address: (place == Counter::Office).then(|| self.address.clone()),
            account,
        }
    }
}

/// Where a person files, as far as it decides what they give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    Office,
    App,
    Wechat,
}
