"""
What is prescribed, charged and measured in the county.

Codes that occur in the published rules are the national ones, looked up by name in the rule
rows. Everything else has a *neutral* code that no national list holds: drugs end in company
99001, service items begin with 0099, herbs with T0099. All prices are made up.
"""

from __future__ import annotations

from dataclasses import dataclass

from taihe.county.places import word_list
from taihe.county.rules import Rules


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug as dispensed: price of one box or ampoule in fen, and how it is taken."""

    code: str
    name: str
    price_fen: int
    sig: str
    unit: str
    national: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A service item: price of one unit in fen."""

    code: str
    name: str
    price_fen: int


@dataclass(frozen=True, slots=True)
class Illness:
    """
    A diagnosis that brings people to a doctor.

    `weights` for under 14, 14 to 59 and from 60 years; `season` is 1 for winter illnesses,
    -1 for summer ones; `sex` where only one sex has it; `drugs` and `items` by key.
    """

    code: str
    name: str
    weights: tuple[int, int, int]
    season: int
    sex: str
    drugs: tuple[str, ...]
    items: tuple[str, ...]


# key, ATC, name, price in fen, how taken, unit
_NEUTRAL_DRUGS = """
amlodipine     C08CA 苯磺酸氨氯地平片             1280 口服，一次5mg，每日1次        盒
valsartan      C09CA 缬沙坦胶囊                   1860 口服，一次80mg，每日1次       盒
enalapril      C09AA 马来酸依那普利片              980 口服，一次10mg，每日2次       盒
metoprolol     C07AB 酒石酸美托洛尔片              720 口服，一次25mg，每日2次       盒
hct            C03AA 氢氯噻嗪片                    460 口服，一次12.5mg，每日1次     瓶
metformin      A10BA 盐酸二甲双胍片               1150 口服，一次0.5g，每日3次，随餐 盒
gliclazide     A10BB 格列齐特缓释片               2240 口服，一次60mg，每日1次       盒
acarbose       A10BF 阿卡波糖片                   1680 口服，一次50mg，每日3次       盒
insulin        A10AC 精蛋白人胰岛素混合注射液(30R) 4650 皮下注射，早14单位、晚12单位  支
aspirin        B01AC 阿司匹林肠溶片               1520 口服，一次100mg，每日1次      盒
clopidogrel    B01AC 硫酸氢氯吡格雷片             3580 口服，一次75mg，每日1次       盒
atorvastatin   C10AA 阿托伐他汀钙片               2360 口服，一次20mg，每晚1次       盒
isosorbide     C01DA 单硝酸异山梨酯缓释片         1940 口服，一次40mg，每日1次       盒
tiotropium     R03BB 噻托溴铵粉吸入剂             9860 吸入，一次18μg，每日1次       盒
salbutamol     R03AC 硫酸沙丁胺醇吸入气雾剂       1780 需要时吸入1至2揿              支
theophylline   R03DA 茶碱缓释片                    890 口服，一次0.1g，每日2次       盒
amoxicillin    J01CA 阿莫西林胶囊                  960 口服，一次0.5g，每日3次       盒
cefaclor       J01DC 头孢克洛干混悬剂             1840 口服，按体重                  盒
azithromycin   J01FA 阿奇霉素片                   1260 口服，一次0.5g，每日1次       盒
ibuprofen      M01AE 布洛芬缓释胶囊               1340 口服，一次0.3g，每日2次       盒
paracetamol    N02BE 对乙酰氨基酚片                520 发热时口服，一次0.5g          盒
ambroxol       R05CB 盐酸氨溴索口服溶液           1460 口服，一次10ml，每日2次       瓶
dextromethorphan R05DA 氢溴酸右美沙芬口服溶液     1180 口服，一次10ml，每日3次       瓶
omeprazole     A02BC 奥美拉唑肠溶胶囊             1620 口服，一次20mg，每日1次       盒
domperidone    A03FA 多潘立酮片                   1080 口服，一次10mg，每日3次       盒
smectite       A07BC 蒙脱石散                     1240 口服，一次1袋，每日3次        盒
loratadine     R06AX 氯雷他定片                    980 口服，一次10mg，每日1次       盒
hydrocortisone D07AA 丁酸氢化可的松乳膏           1160 外用，每日2次                 支
levofloxacin_e S01AE 左氧氟沙星滴眼液              860 滴眼，一次1滴，每日4次        支
diclofenac     M02AA 双氯芬酸二乙胺乳胶剂         1480 外用，每日3次                 支
calcium        A12AX 碳酸钙D3片                   2480 口服，一次1片，每日1次        瓶
folic          B03BB 叶酸片                        680 口服，一次0.4mg，每日1次      瓶
iron           B03AA 琥珀酸亚铁片                 1720 口服，一次0.1g，每日2次       盒
saline         B05BB 0.9%氯化钠注射液(250ml)       310 静脉滴注                      袋
glucose5       B05BA 5%葡萄糖注射液(250ml)         320 静脉滴注                      袋
ceftriaxone    J01DD 注射用头孢曲松钠              780 静脉滴注，一次2g，每日1次     支
piperacillin   J01CR 注射用哌拉西林钠他唑巴坦钠   2260 静脉滴注，一次4.5g，每8小时   支
ambroxol_i     R05CB 盐酸氨溴索注射液              640 静脉注射，一次30mg，每日2次   支
pantoprazole   A02BC 注射用泮托拉唑钠             1120 静脉滴注，一次40mg，每日1次   支
heparin        B01AB 低分子肝素钠注射液           2860 皮下注射，一次4000IU，每日1次 支
furosemide     C03CA 呋塞米注射液                  180 静脉注射，一次20mg            支
ketorolac      M01AB 酮咯酸氨丁三醇注射液         1380 肌内注射，一次30mg            支
lidocaine      N01BB 盐酸利多卡因注射液            240 局部麻醉                      支
budesonide     R03BA 吸入用布地奈德混悬液         1560 雾化吸入，一次1mg，每日2次    支
"""
# key, name, price
_NEUTRAL_ITEMS = """
visit_village  一般诊疗费                   1000
visit          普通门诊诊查费               1500
visit_expert   副主任医师门诊诊查费         2500
visit_internet 互联网复诊诊查费             1000
blood_count    血细胞分析(五分类)           2000
crp            C-反应蛋白测定               2500
urine          尿液分析                     1200
lipids         血脂四项测定                 4800
kidney         肾功能三项测定               3600
liver          肝功能检查                   6500
electrolytes   电解质测定                   3000
clotting       凝血四项测定                 6000
troponin       肌钙蛋白测定                 9000
ecg            常规心电图检查               2000
xray_chest     胸部X线摄影(DR)              7000
ct_head        颅脑CT平扫                  18000
ct_chest       胸部CT平扫                  20000
us_abdomen     腹部彩色多普勒超声检查      12000
us_heart       心脏彩色多普勒超声检查      15000
us_obstetric   产科彩色多普勒超声检查      13000
lung_function  肺功能检查                   8000
glucose_strip  末梢血糖监测                  500
infusion       静脉输液                      800
injection      肌肉注射                      300
nebuliser      雾化吸入治疗                 1200
oxygen         氧气吸入                      400
dressing       换药治疗                     1800
massage        推拿治疗                     4500
acupuncture    普通针刺治疗                 3000
moxibustion    艾灸治疗                     2600
anaesthesia    椎管内麻醉                  28000
appendectomy   腹腔镜下阑尾切除治疗       98000
hernia_op      无张力疝修补治疗           86000
fracture_op    股骨近端骨折内固定治疗    168000
cataract_op    白内障超声乳化治疗        112000
newborn_care   新生儿日常护理               3500
rehab          肢体综合训练                 4000
infusion_more  静脉输液(每增加一组)           200
infusion_set   一次性使用输液器               320
cannula        静脉留置针                    1860
syringe        一次性使用注射器                60
skin_test      皮内注射药物敏感试验           500
handling       静脉用药集中配置               450
meals          住院患者营养评估               900
"""
HERBS = word_list(
    "甘草 白术 党参 陈皮 法半夏 柴胡 白芍 川芎 熟地黄 桂枝 防风 荆芥 桔梗 前胡 杏仁 黄芩 黄连 黄柏 "
    "牛膝 杜仲 桑寄生 独活 羌活 秦艽 香附 枳壳 厚朴 苍术 泽泻 丹参 红花 桃仁 葛花 菊花 麦冬 五味子"
)
TAMED_HERBS = ("茯苓", "当归", "黄芪", "山药", "薏苡仁", "金银花", "枸杞子", "砂仁", "百合", "薄荷")

# key, kind of rule, name in the rule rows, price, how taken, unit
_NATIONAL_DRUGS = (
    ("child_cold", "child", "小儿氨酚黄那敏颗粒", 1180, "冲服，按年龄", "盒"),
    ("child_cough", "child", "小儿咳喘灵口服液", 1640, "口服，按年龄，每日3次", "盒"),
    ("child_syrup", "child", "小儿止咳糖浆", 880, "口服，按年龄，每日3次", "瓶"),
    ("child_phlegm", "child", "小儿化痰止咳颗粒", 1060, "冲服，按年龄，每日3次", "盒"),
    ("child_heat", "child", "小儿豉翘清热颗粒", 2680, "冲服，按年龄，每日3次", "盒"),
    ("child_diarrhoea", "child", "小儿泻速停颗粒", 1240, "冲服，按年龄，每日3次", "盒"),
    ("motherwort", "drug_sex", "益母草颗粒", 1120, "冲服，一次1袋，每日2次", "盒"),
    ("clotrimazole", "drug_sex", "克霉唑阴道片", 1980, "阴道给药，每晚1片", "盒"),
    ("miconazole", "drug_sex", "硝酸咪康唑栓", 1360, "阴道给药，每晚1粒", "盒"),
    ("dutasteride", "drug_sex", "度他雄胺软胶囊", 6840, "口服，一次0.5mg，每日1次", "盒"),
    ("oxytocin", "drug_sex", "缩宫素注射液", 460, "静脉滴注，一次10单位", "支"),
    ("danshen", "level", "丹参注射液", 890, "静脉滴注，一次20ml，每日1次", "支"),
    ("xuesaitong", "level", "血塞通注射液", 2450, "静脉滴注，一次400mg，每日1次", "支"),
    ("shenmai", "level", "参麦注射液", 1960, "静脉滴注，一次50ml，每日1次", "支"),
    ("shuxuening", "level", "舒血宁注射液", 1780, "静脉滴注，一次20ml，每日1次", "支"),
    ("ozagrel", "course", "注射用奥扎格雷钠", 1860, "静脉滴注，一次80mg，每日2次", "支"),
    ("gastrodin", "course", "天麻素注射液", 980, "静脉滴注，一次0.6g，每日1次", "支"),
    ("troxerutin", "course", "曲克芦丁注射液", 1240, "静脉滴注，一次0.48g，每日1次", "支"),
    ("aminoacids", "inpatient", "复方氨基酸注射液(18AA-Ⅱ)", 3860, "静脉滴注，一次250ml", "瓶"),
    ("lipid", "inpatient", "脂肪乳注射液(C14-24)", 5460, "静脉滴注，一次250ml", "瓶"),
    ("scar", "insurance", "疤痕止痒软化膏", 3280, "外用，每日2次", "支"),
    ("carboprost", "insurance", "卡前列素氨丁三醇注射液", 24800, "宫体注射，一次250μg", "支"),
)
_NATIONAL_ITEMS = (
    ("stay_visit", "001102000050000", 2000),
    ("bed", "001109000010000", 3500),
    ("nursing2", "001201000040000", 1800),
    ("nursing3", "001201000050000", 1200),
    ("nursing1", "001201000030000", 3000),
    ("monitor", "003107010220000", 500),
    ("saturation", "003107010280000", 300),
    ("hba1c", "002503020030000", 6000),
    ("glucose", "002503020010200", 800),
    ("stool", "002501030010000", 800),
    ("antenatal", "003112010230000", 2500),
    ("vaginal", "002501040140000", 2000),
    ("fetal_heart", "003112010260000", 3000),
    ("birth", "003314000020000", 68000),
    ("caesarean", "003314000120200", 168000),
)

FOR_CHILDREN = ("child_cold", "child_cough", "child_syrup", "child_phlegm", "child_heat")
ACUTE = (
    Illness("J06.900", "急性上呼吸道感染", (40, 22, 12), 1, "", ("paracetamol", "amoxicillin", "dextromethorphan"), ("blood_count",)),
    Illness("J20.900", "急性支气管炎", (22, 8, 12), 1, "", ("azithromycin", "ambroxol"), ("blood_count", "crp")),
    Illness("J30.400", "过敏性鼻炎", (5, 5, 2), 0, "", ("loratadine",), ()),
    Illness("A09.901", "急性胃肠炎", (12, 7, 6), -1, "", ("smectite", "domperidone"), ("blood_count", "stool")),
    Illness("K29.700", "慢性胃炎", (1, 12, 12), 0, "", ("omeprazole", "domperidone"), ()),
    Illness("M54.502", "腰痛", (0, 12, 16), 0, "", ("ibuprofen", "diclofenac"), ("massage",)),
    Illness("M17.900", "膝骨关节炎", (0, 3, 15), 1, "", ("ibuprofen", "diclofenac"), ("moxibustion",)),
    Illness("L30.900", "湿疹", (8, 7, 6), -1, "", ("hydrocortisone", "loratadine"), ()),
    Illness("H10.900", "结膜炎", (4, 3, 3), -1, "", ("levofloxacin_e",), ()),
    Illness("S61.900", "手部开放性伤口", (2, 5, 2), 0, "", ("amoxicillin",), ("dressing",)),
    Illness("N39.000", "泌尿道感染", (1, 5, 6), 0, "", ("amoxicillin",), ("urine",)),
    Illness("N76.000", "急性阴道炎", (0, 7, 2), 0, "2", ("clotrimazole", "miconazole"), ("vaginal",)),
    Illness("N92.600", "月经不规则", (0, 6, 0), 0, "2", ("motherwort",), ("blood_count",)),
    Illness("N40.x00", "前列腺增生", (0, 1, 12), 0, "1", ("dutasteride",), ("urine",)),
)  # fmt: skip
TCM_REASONS = (
    ("K30.x00", "功能性消化不良"), ("G47.000", "失眠"), ("M54.502", "腰痛"), ("R05.x00", "咳嗽"),
)  # fmt: skip
CHRONIC = {
    "htn": ("I10.x00x002", "高血压"),
    "dm": ("E11.900", "2型糖尿病"),
    "copd": ("J44.900", "慢性阻塞性肺疾病"),
    "stroke": ("I69.300", "脑梗死后遗症"),
    "chd": ("I25.103", "冠状动脉粥样硬化性心脏病"),
}
CHRONIC_DRUGS = {
    "htn": ("amlodipine", "valsartan", "enalapril", "metoprolol", "hct"),
    "dm": ("metformin", "gliclazide", "acarbose", "insulin"),
    "copd": ("tiotropium", "theophylline", "salbutamol"),
    "stroke": ("aspirin", "clopidogrel", "atorvastatin"),
    "chd": ("aspirin", "isosorbide", "atorvastatin"),
}


@dataclass(frozen=True, slots=True)
class Stay:
    """
    A reason for a hospital stay.

    `days` shortest and longest; `daily` drugs of every day; `first` items of the first day;
    `operation` key of the item and ICD-9-CM code, or empty.
    """

    code: str
    name: str
    days: tuple[int, int]
    daily: tuple[str, ...]
    first: tuple[str, ...]
    operation: tuple[str, str, str] | None = None


STAYS = {
    "pneumonia": Stay("J18.900", "肺炎", (6, 11), ("ceftriaxone", "ambroxol_i", "saline"), ("blood_count", "crp", "liver", "kidney", "electrolytes", "ct_chest", "ecg")),
    "child_pneumonia": Stay("J18.000", "支气管肺炎", (5, 8), ("ceftriaxone", "budesonide", "glucose5"), ("blood_count", "crp", "liver", "xray_chest")),
    "copd": Stay("J44.101", "慢性阻塞性肺疾病急性加重", (7, 13), ("piperacillin", "ambroxol_i", "budesonide", "saline"), ("blood_count", "crp", "liver", "kidney", "electrolytes", "ct_chest", "ecg", "lung_function")),
    "stroke": Stay("I63.900", "脑梗死", (8, 17), ("ozagrel", "xuesaitong", "saline", "saline", "aspirin"), ("blood_count", "clotting", "lipids", "liver", "kidney", "electrolytes", "ct_head", "ecg")),
    "chd": Stay("I20.000", "不稳定性心绞痛", (6, 10), ("danshen", "heparin", "saline", "isosorbide"), ("blood_count", "clotting", "lipids", "liver", "kidney", "troponin", "ecg", "us_heart")),
    "dm": Stay("E11.600", "2型糖尿病伴血糖控制不佳", (6, 11), ("insulin", "shuxuening", "saline"), ("blood_count", "urine", "lipids", "liver", "kidney", "electrolytes", "hba1c", "us_abdomen")),
    "dizzy": Stay("H81.300", "周围性眩晕", (5, 9), ("gastrodin", "troxerutin", "saline"), ("blood_count", "liver", "kidney", "lipids", "ct_head", "ecg")),
    "appendix": Stay("K35.800", "急性阑尾炎", (5, 8), ("ceftriaxone", "saline", "pantoprazole"), ("blood_count", "crp", "clotting", "liver", "kidney", "us_abdomen", "ecg"), ("appendectomy", "47.0100", "腹腔镜下阑尾切除术")),
    "hernia": Stay("K40.900", "腹股沟疝", (4, 7), ("ceftriaxone", "saline"), ("blood_count", "clotting", "liver", "kidney", "ecg"), ("hernia_op", "53.0200", "腹股沟疝修补术")),
    "fracture": Stay("S72.000", "股骨颈骨折", (10, 18), ("heparin", "saline", "ketorolac", "aminoacids"), ("blood_count", "clotting", "liver", "kidney", "electrolytes", "xray_chest", "ecg"), ("fracture_op", "79.3500", "股骨骨折切开复位内固定术")),
    "cataract": Stay("H25.900", "老年性白内障", (2, 4), ("levofloxacin_e",), ("blood_count", "clotting", "glucose", "ecg"), ("cataract_op", "13.4100", "白内障超声乳化术")),
    "gastric": Stay("K25.400", "胃溃疡伴出血", (6, 10), ("pantoprazole", "aminoacids", "lipid", "saline"), ("blood_count", "clotting", "liver", "kidney", "stool", "us_abdomen", "ecg")),
}  # fmt: skip
# key: (weight under 14, 14-59, from 60); weights of chronic reasons count for those who are ill.
STAY_WEIGHTS = {
    "pneumonia": (0, 6, 20), "child_pneumonia": (60, 0, 0), "dizzy": (0, 10, 14),
    "appendix": (5, 14, 3), "hernia": (3, 4, 6), "fracture": (1, 4, 9), "cataract": (0, 0, 12),
    "gastric": (0, 7, 6),
}  # fmt: skip

# LOINC code, display, unit, UCUM
OBSERVATIONS = {
    "pulse": ("8867-4", "心率", "次/分", "/min"),
    "temperature": ("8310-5", "体温", "℃", "Cel"),
    "weight": ("29463-7", "体重", "kg", "kg"),
    "height": ("8302-2", "身高", "cm", "cm"),
    "bmi": ("39156-5", "体质指数", "kg/m²", "kg/m2"),
    "spo2": ("2708-6", "血氧饱和度", "%", "%"),
    "glucose": ("14771-0", "空腹血糖", "mmol/L", "mmol/L"),
    "hba1c": ("4548-4", "糖化血红蛋白", "%", "%"),
    "cholesterol": ("14647-2", "总胆固醇", "mmol/L", "mmol/L"),
    "triglyceride": ("14927-8", "甘油三酯", "mmol/L", "mmol/L"),
    "ldl": ("22748-8", "低密度脂蛋白胆固醇", "mmol/L", "mmol/L"),
    "creatinine": ("14682-9", "肌酐", "μmol/L", "umol/L"),
    "wbc": ("6690-2", "白细胞计数", "10^9/L", "10*9/L"),
    "haemoglobin": ("718-7", "血红蛋白", "g/L", "g/L"),
    "platelets": ("777-3", "血小板计数", "10^9/L", "10*9/L"),
    "crp": ("1988-5", "C反应蛋白", "mg/L", "mg/L"),
    "fev1": ("20150-9", "第一秒用力呼气容积", "L", "L"),
}
VITAL = {"pulse", "temperature", "weight", "height", "bmi", "spo2"}

# months of age, vaccine
VACCINES = (
    (0, "重组乙型肝炎疫苗"), (0, "皮内注射用卡介苗"), (1, "重组乙型肝炎疫苗"),
    (2, "脊髓灰质炎灭活疫苗"), (3, "脊髓灰质炎灭活疫苗"), (3, "无细胞百白破疫苗"),
    (4, "脊髓灰质炎减毒活疫苗"), (4, "无细胞百白破疫苗"), (6, "重组乙型肝炎疫苗"),
    (6, "A群脑膜炎球菌多糖疫苗"), (8, "麻腮风联合减毒活疫苗"), (8, "乙型脑炎减毒活疫苗"),
    (18, "麻腮风联合减毒活疫苗"), (18, "甲型肝炎减毒活疫苗"), (24, "乙型脑炎减毒活疫苗"),
    (36, "A群C群脑膜炎球菌多糖疫苗"), (72, "白喉破伤风联合疫苗"),
)  # fmt: skip
ALLERGIES = ("青霉素", "头孢菌素类", "磺胺类", "碘造影剂", "海鲜", "花生", "花粉", "尘螨")


class Catalogue:
    """Drugs, items and herbs by key, with the national codes taken from the rule rows."""

    def __init__(self, rules: Rules) -> None:
        self.drugs: dict[str, Drug] = {}
        self.items: dict[str, Item] = {}
        for number, row in enumerate(_NEUTRAL_DRUGS.strip().splitlines(), start=1):
            key, atc, name, price, *sig, unit = row.split()
            code = f"X{atc}Z{number:03d}A001010199001"
            self.drugs[key] = Drug(code, name, int(price), " ".join(sig), unit)
        for number, row in enumerate(_NEUTRAL_ITEMS.strip().splitlines(), start=1):
            key, name, price = row.split()
            self.items[key] = Item(f"0099{number:07d}0000", name, int(price))
        self.herbs = [
            Item(f"T0099{number:05d}", name, 20 + number * 7 % 60)
            for number, name in enumerate(HERBS, start=1)
        ]
        by_name: dict[tuple[str, str], str] = {}
        for kind in {entry[1] for entry in _NATIONAL_DRUGS}:
            for code in getattr(rules, kind):
                if code not in rules.unsure:
                    key2 = (kind, rules.names[code])
                    by_name[key2] = min(code, by_name.get(key2, code))
        for key, kind, name, fen, taken, unit in _NATIONAL_DRUGS:
            found = by_name.get((kind, name))
            code = found or f"XZ99ZZZ{len(self.drugs):03d}A001010199001"
            self.drugs[key] = Drug(code, name, fen, taken, unit, national=bool(found))
        for key, code, fen in _NATIONAL_ITEMS:
            self.items[key] = Item(code, rules.names.get(code, key), fen)
        names = {rules.names[code]: code for code in sorted(rules.single_only)}
        self.tamed = [Item(names[name], name, 45) for name in TAMED_HERBS if name in names]
