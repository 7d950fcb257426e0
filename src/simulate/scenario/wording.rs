//! Matters and the many ways to tell them.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use super::{dice::Dice, people::Counter};
use crate::domain::{division, submission::Kind};

const MATTERS: &str = include_str!("matters.yaml");

/// A kind of matter with its wordings. Parsed from the text compiled in; a broken one leaves the list empty, which a test forbids.
pub(super) static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(|| yaml_serde::from_str(MATTERS).unwrap_or_default());

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Template {
    pub key: String,
    pub category: String,
    #[serde(default = "request")]
    pub kind: Kind,
    pub respondent: String,
    pub place: String,
    pub subject: Vec<String>,
    pub fact: Vec<String>,
    pub impact: Vec<String>,
    pub demand: Vec<String>,
}

fn request() -> Kind {
    Kind::Request
}

const ESTATES: [&[&str]; 2] = [
    &[
        "锦绣", "滨江", "翠湖", "金域", "阳光", "盛世", "东方", "紫荆", "银杏", "望岳", "梅溪", "春晓", "御景", "桃源", "天鹅", "听雨",
        "云栖", "麓谷", "长桥", "枫林",
    ],
    &["花园", "家园", "雅苑", "名邸", "新城", "小区", "公馆", "华庭"],
];
const ROADS: [&[&str]; 2] = [
    &[
        "建设", "解放", "韶山", "劳动", "团结", "迎宾", "学院", "桂花", "东风", "和平", "香樟", "黄兴", "白沙", "车站", "书院", "湖滨",
        "青年", "兴业", "长青", "望江",
    ],
    &["东路", "西路", "南路", "北路", "大道", "街", "中路"],
];
const FIRMS: [&[&str]; 2] = [
    &["宏泰", "中鑫", "恒远", "华盛", "鼎立", "金辉", "天成", "博瑞", "永固", "九洲", "远大", "众诚"],
    &["建设集团有限公司", "建筑工程公司", "置业有限公司", "建设劳务有限公司"],
];
const COMPANIES: [&[&str]; 2] = [
    &["永兴", "新源", "康达", "明珠", "东升", "利民", "万通", "宏发", "美佳", "三和", "兴旺", "佳禾"],
    &["化工厂", "机械厂", "食品有限公司", "制衣厂", "新材料有限公司", "纸业公司"],
];
const VILLAGES: [&[&str]; 2] =
    [&["桃花", "双河", "石板", "柳树", "黄泥", "枣园", "大塘", "新桥", "白果", "龙潭"], &["村", "坪村", "湾村", "冲村"]];
const SINCE: [&str; 10] =
    ["去年国庆", "今年开春", "上个月中旬", "今年春节", "去年年底", "今年三月初", "去年秋天", "今年端午", "去年七月", "今年清明"];
const YEARS: [&str; 7] = ["2017年", "2018年夏天", "2019年", "2020年底", "2021年初", "2016年", "2015年前后"];
const AMOUNTS: [&str; 8] = ["38.6万", "12.4万", "86500", "27.9万", "9.8万", "54300", "16.2万", "7200"];
const HOURS: [&str; 3] = ["十二", "一", "两"];
const DIGITS: [&str; 7] = ["三", "四", "五", "六", "七", "八", "九"];

/// One matter: a template with its slots filled.
pub(super) struct Matter {
    pub number: usize,
    pub template: &'static Template,
    pub division: &'static str,
    slots: BTreeMap<&'static str, String>,
    /// Where in each list of wordings the first telling starts.
    start: usize,
    tellings: usize,
}

/// A matter told once.
pub(super) struct Telling {
    pub subject: String,
    pub content: String,
}

impl Matter {
    pub fn invent(dice: &mut Dice, number: usize, template: &'static Template, division: &'static str) -> Self {
        let join = |dice: &mut Dice, lists: &[&[&str]; 2]| format!("{}{}", dice.pick(lists[0]), dice.pick(lists[1]));
        let mut slots = BTreeMap::from([
            ("estate", join(dice, &ESTATES)),
            ("road", join(dice, &ROADS)),
            ("road2", join(dice, &ROADS)),
            ("firm", join(dice, &FIRMS)),
            ("company", join(dice, &COMPANIES)),
            ("village", join(dice, &VILLAGES)),
            ("school", format!("{}{}", dice.pick(ESTATES[0]), dice.pick(&["实验小学", "中心小学", "路小学", "中学"]))),
            ("hospital", format!("市第{}人民医院", dice.pick(&DIGITS))),
            ("year", dice.pick(&YEARS).to_owned()),
            ("since", dice.pick(&SINCE).to_owned()),
            ("amount", dice.pick(&AMOUNTS).to_owned()),
            ("hour", dice.pick(&HOURS).to_owned()),
            ("count", dice.pick(&DIGITS).to_owned()),
            ("small", dice.pick(&DIGITS).to_owned()),
        ]);
        slots.insert("district", division::name(division).unwrap_or_default().to_owned());
        Self { number, template, division, slots, start: dice.below(12), tellings: 0 }
    }

    /// Another matter at the same place: estate, roads and people around are the same.
    pub fn at_the_same_place(&self, dice: &mut Dice, number: usize, template: &'static Template) -> Self {
        let mut other = Self::invent(dice, number, template, self.division);
        for name in ["estate", "road", "road2", "village", "school"] {
            if let Some(value) = self.slots.get(name) {
                other.slots.insert(name, value.clone());
            }
        }
        other
    }

    pub fn fill(&self, text: &str) -> String {
        self.slots.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    pub fn place(&self) -> String {
        self.fill(&self.template.place)
    }

    pub fn respondent(&self) -> Option<String> {
        Some(self.fill(&self.template.respondent)).filter(|name| !name.is_empty())
    }

    pub fn address(&self, dice: &mut Dice) -> String {
        self.fill(&format!("{{district}}{{road}}{{estate}}{}栋{}01室", dice.between(1, 20), dice.between(1, 28)))
    }

    /// Tells it in words that were not used for this matter before, as long as there are others.
    pub fn tell(&mut self, dice: &mut Dice, counter: Counter) -> Telling {
        let at = self.start + self.tellings;
        self.tellings += 1;
        let nth = |list: &'static [String], at: usize| list[at % list.len().max(1)].as_str();
        let template = self.template;
        let (fact, impact, demand) = (nth(&template.fact, at), nth(&template.impact, at * 3 + 1), nth(&template.demand, at * 2 + 1));
        let text = match counter {
            Counter::Office => {
                let opener = dice.pick(&["尊敬的领导：您好！", "领导您好，", "", "我是{estate}居民，现反映如下问题：", "信访局领导："]);
                let more = nth(&template.impact, at * 3 + 2);
                let closer = dice.pick(&["望予以重视，谢谢！", "盼复。", "", "敬请回复。"]);
                format!("{opener}{fact}。{impact}，{more}。{demand}。{closer}")
            }
            Counter::App => format!("{fact}，{impact}。{demand}{}", dice.pick(&["！", "。", "，谢谢。"])),
            Counter::Wechat => format!("{}{fact}。{demand}。", dice.pick(&["你好，", "", "求助："])),
        };
        Telling { subject: self.fill(nth(&template.subject, at)), content: self.fill(&text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::categories;

    #[test]
    fn templates_are_whole() {
        assert!(TEMPLATES.len() >= 20, "{}", TEMPLATES.len());
        for template in TEMPLATES.iter() {
            assert!(categories::is_known(&template.category), "{}", template.key);
            for list in [&template.subject, &template.fact, &template.impact, &template.demand] {
                assert!(list.len() >= 3, "{}", template.key);
            }
            let mut dice = Dice::new(1);
            let mut matter = Matter::invent(&mut dice, 0, template, "430102");
            for _ in 0..12 {
                let telling = matter.tell(&mut dice, Counter::Office);
                assert!(!telling.content.contains(['{', '}']) && !telling.subject.contains(['{', '}']), "{}", telling.content);
            }
        }
    }
}
