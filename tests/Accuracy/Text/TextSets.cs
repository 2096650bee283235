namespace ForegSyte.Accuracy.Text;

/// <summary>A set of texts, rendered in many faces, sizes and qualities.</summary>
/// <param name="Name">Name in the table.</param>
/// <param name="Fonts">Files of the fonts, without folder and extension.</param>
/// <param name="Texts">The texts.</param>
/// <param name="Pictures">Number of images.</param>
/// <param name="IsSupported">Whether the recognizer knows the script.</param>
/// <param name="Filter">Filter for the whole image; empty for none.</param>
internal sealed record TextSet(
    string Name, string[] Fonts, string[] Texts, int Pictures, bool IsSupported = true, string Filter = "")
{
    /// <summary>The DejaVu faces of Debian's fonts-dejavu-core and fonts-dejavu-extra.</summary>
    private static readonly string[] AllFaces =
    [
        "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansCondensed", "DejaVuSansCondensed-Bold",
        "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerifCondensed", "DejaVuSansMono",
        "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique",
    ];

    private static readonly string[] Sans = ["DejaVuSans", "DejaVuSans-Bold", "DejaVuSansCondensed"];

    private static readonly string[] Words =
    [
        "DOCK 12 SOUTH", "MOOSE CROSSING", "ROOM TO LET", "Do not touch", "Los Angeles 2028", "GOOD MORNING LONDON",
        "School zone", "OFFICE HOURS 8-10", "STOP", "Zoo entrance", "Motorway A100", "ROOF LOAD 500 kg", "ONE WAY",
        "LOST AND FOUND", "Olive oil 10.00", "100% COTTON", "Flight LO 3905", "WARNING: HIGH VOLTAGE", "Score 10:0",
        "OXFORD STREET", "bonjour tout le monde", "Bitte nicht rauchen", "Salida de emergencia", "Hauptbahnhof Nord",
        "No parking 8am to 6pm", "population 30000", "Boeing 737-800", "OCTOBER 2010", "SOLD OUT", "Motor oil",
        "iPhone 15 Pro", "eBay and YouTube", "info@example.com", "www.example.org", "COMBO MENU 5.00",
    ];

    private static readonly string[] Codes =
    [
        "LO 0010", "KO 100 X", "B-OO 1010", "M-AO 700", "AB O1 CDE", "SN 00O7A", "PO BOX 100", "10:00", "20.00",
        "0800 100 200", "+49 030 1000", "2020-10-10", "GX05 OLO", "R2D2", "C3PO", "HO2 0XX", "VO18 OOO", "No. 0",
        "007", "E10 5", "1,000,000", "CO2 400 ppm", "H2O", "4 of 10", "0x00FF", "SEAT 10O", "K9 0O0", "MO-FR 0-24",
        "RMR7I3V-D0Z", "A0", "19:30", "EUR 49.90",
    ];

    /// <summary>All sets.</summary>
    public static readonly IReadOnlyList<TextSet> All =
    [
        new("words", AllFaces, Words, 12),
        new("words, blurred", AllFaces, Words, 6, Filter: "gblur=sigma=1"),
        new("words, upside down", AllFaces, Words, 6, Filter: "hflip,vflip"),
        new("codes, times, prices", AllFaces, Codes, 12),
        new(
            "Cyrillic", AllFaces,
            ["Привет мир", "МОСКВА", "Выход в город", "Аптека", "Остановка автобуса", "НЕ КУРИТЬ", "Следующая станция",
                "ПЛАТФОРМА 12", "Добро пожаловать", "Улица Ленина", "Новости дня", "УКРАЇНА", "София Централна гара"],
            6, IsSupported: false),
        new(
            "Greek", AllFaces,
            ["Καλημέρα κόσμε", "ΑΘΗΝΑ", "ΕΞΟΔΟΣ", "Απαγορεύεται το κάπνισμα", "Θεσσαλονίκη", "Καλώς ήρθατε", "Προσοχή",
                "Φαρμακείο", "Τράπεζα", "Λεωφορείο 12", "ΠΛΑΤΕΙΑ ΣΥΝΤΑΓΜΑΤΟΣ"],
            4, IsSupported: false),
        new(
            "Arabic", Sans,
            ["مرحبا بالعالم", "ممنوع التدخين", "مخرج الطوارئ", "أهلا وسهلا", "خبر عاجل", "محطة القطار"],
            3, IsSupported: false),
        new(
            "Hebrew", Sans,
            ["שלום עולם", "אסור לעשן", "תל אביב", "ברוכים הבאים", "תחנת רכבת", "בית מרקחת", "כניסה"],
            3, IsSupported: false),
        new(
            "Georgian, Armenian", Sans,
            ["გამარჯობა", "თბილისი", "საქართველო", "რესტორანი", "Բարեւ աշխարհ", "Հայաստան", "Դեղատուն", "Ռեստորան"],
            3, IsSupported: false),
    ];
}
