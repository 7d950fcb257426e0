//! One category in the words of each simulated platform: path, provincial code, mobile topic, WeChat word.

const CATEGORIES: [(&str, &str, &str, &str); 26] = [
    ("城乡建设/住房保障与房地产/物业服务", "0101", "PROPERTY", "物业"),
    ("城乡建设/国有土地上房屋征收与补偿/安置补偿", "0102", "DEMOLITION", "拆迁"),
    ("城乡建设/城市建设和市政管理/城市公共设施", "0103", "FACILITY", "市政设施"),
    ("城乡建设/城市建设和市政管理/小区管理", "0104", "COMMUNITY", "小区管理"),
    ("城乡建设/城乡规划/违章建筑", "0105", "ILLEGAL_BUILDING", "违建"),
    ("城乡建设/住房保障与房地产/房产证登记、办理", "0106", "TITLE_DEED", "房产证"),
    ("城乡建设/安全生产/安全隐患", "0107", "SAFETY", "安全隐患"),
    ("城乡建设/城市建设和市政管理/冬季采暖", "0108", "HEATING", "供暖"),
    ("城乡建设/城市建设和市政管理/城管执法", "0109", "PARKING", "停车"),
    ("城乡建设/城市建设和市政管理/环境卫生", "0110", "SANITATION", "环境卫生"),
    ("劳动和社会保障/劳动关系/农民工权益", "0201", "WAGES", "欠薪"),
    ("劳动和社会保障/城镇职工社会保险/职工养老保险", "0202", "PENSION", "社保"),
    ("劳动和社会保障/工资福利/工资发放", "0203", "PAYROLL", "工资"),
    ("环境保护/环境污染/噪音污染", "0301", "NOISE", "噪音"),
    ("环境保护/环境污染/大气污染", "0302", "AIR", "废气"),
    ("环境保护/环境污染/水污染", "0303", "WATER", "污水"),
    ("教育文体/考试招生/招生录取", "0401", "SCHOOL", "入学"),
    ("教育文体/教育收费/乱收费", "0402", "SCHOOL_FEES", "教育收费"),
    ("交通运输/建设管理/设施维护", "0501", "ROAD", "道路"),
    ("交通运输/客货运输/旅客运输", "0502", "TRANSIT", "公交"),
    ("卫生计生/医患纠纷/医疗事故争议", "0601", "MEDICAL", "医疗"),
    ("卫生计生/食品药品监管/食品安全", "0602", "FOOD", "食品"),
    ("国土资源/土地征收/安置补偿", "0701", "LAND", "征地"),
    ("商贸旅游/质监检验检疫/特种设备管理", "0801", "ELEVATOR", "电梯"),
    ("纪检监察/干部作风/官僚主义", "0901", "CONDUCT", "干部作风"),
    ("纪检监察/滥用职权/以权谋私", "0902", "ABUSE", "以权谋私"),
];

fn find(path: &str) -> Option<&'static (&'static str, &'static str, &'static str, &'static str)> {
    CATEGORIES.iter().find(|(known, ..)| *known == path)
}

pub(super) fn provincial_code(path: &str) -> &'static str {
    find(path).map_or("0000", |row| row.1)
}

pub(super) fn mobile_topic(path: &str) -> &'static str {
    find(path).map_or("OTHER", |row| row.2)
}

pub(super) fn wechat_word(path: &str) -> &'static str {
    find(path).map_or("其他", |row| row.3)
}

#[cfg(test)]
pub(super) fn is_known(path: &str) -> bool {
    find(path).is_some()
}
