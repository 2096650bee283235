using System.Globalization;

namespace ForegSyte.Accuracy.Text;

/// <summary>Texts as cameras see them, by kind. A seed determines all of them.</summary>
/// <param name="random">Source of all choices.</param>
internal sealed class RenderedTexts(Random random)
{
    /// <summary>The kinds, in the order of the table.</summary>
    public static readonly IReadOnlyList<string> Kinds =
        ["signs", "words", "sentences", "times", "plates", "prices", "addresses"];

    private static readonly string[] Signs =
    [
        "NO PARKING", "NO ENTRY", "AT ALL TIMES", "STOP", "GIVE WAY", "ONE WAY", "EXIT ONLY", "WAY OUT", "KEEP CLEAR",
        "DO NOT ENTER", "NO SMOKING", "PRIVATE PROPERTY", "STAFF ONLY", "TOW AWAY ZONE", "BUS LANE", "TAXI RANK",
        "LOADING ONLY", "PAY HERE", "MIND THE GAP", "FIRE EXIT", "WET FLOOR", "HARD HAT AREA", "SPEED HUMPS AHEAD",
        "ROAD WORK", "DETOUR", "SCHOOL ZONE", "CYCLISTS DISMOUNT", "NO THROUGH ROAD", "GATE A 12", "PLATFORM 4",
        "LEVEL P 2", "DOCK 17 EAST", "BAY 3 FULL", "Way out", "Car Park", "Tickets and Trains", "Toilets",
        "Lost Property", "Please queue here", "Mind your head", "Push to open", "Out of order", "Beware of the dog",
        "Baggage Claim", "Meeting Point", "Left Luggage", "Pull", "No dogs allowed", "Visitors must report",
    ];

    private static readonly string[] Words =
    [
        "market", "harbor", "bakery", "garden", "station", "museum", "library", "theatre", "pharmacy", "dentist",
        "airport", "bridge", "castle", "village", "tunnel", "factory", "office", "kitchen", "coffee", "pizza", "fresh",
        "organic", "summer", "winter", "silver", "golden", "little", "royal", "central", "northern", "western",
        "quality", "express", "digital", "mobile", "repair", "rental", "travel", "photo", "music", "sports", "fashion",
        "flowers", "books", "shoes", "hotel", "bar", "inn", "spa", "zoo", "gym", "bank", "post", "police", "school",
        "college", "clinic", "parking", "service", "garage", "tyres", "wash", "fuel", "ferry", "metro", "tram", "oil",
        "kiosk", "ice", "juice", "jazz", "query", "vivid", "waltz", "onyx", "quiz", "fjord", "glyph",
    ];

    private static readonly string[] Openings =
    [
        "The next train to", "Please do not leave", "Passengers for", "All visitors must", "The road to",
        "We deliver to", "This area is", "Doors close before", "Children under 12 and", "Keep this door near",
        "Smile, you enter",
    ];

    private static readonly string[] Endings =
    [
        "is late by 10 minutes", "are closed on Sunday", "has been cancelled", "will be removed", "starts at 8 am",
        "needs a valid ticket", "is under repair until May", "by the main entrance", "at your own risk",
        "and stay on the left", "is open again, thank you!",
    ];

    private static readonly string[] Cities =
        ["London", "Berlin", "Paris", "Madrid", "Vienna", "Oslo", "Dublin", "Boston", "Ottawa", "Sydney", "Lisbon"];

    private static readonly string[] Streets =
    [
        "Baker Street", "High Street", "Mill Lane", "Station Road", "Rue de Lyon", "Kings Avenue", "Oak Drive",
        "Via Roma", "Hafenweg", "Lindenallee", "Queens Road", "Church Hill", "Ringweg", "Calle Mayor", "Elm Court",
    ];

    private static readonly string[] Days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

    /// <summary>A text of a kind.</summary>
    public string Next(string kind) => kind switch
    {
        "signs" => Of(Signs),
        "words" => Cased(string.Join(' ', Enumerable.Range(0, random.Next(1, 4)).Select(_ => Of(Words)))),
        "sentences" => $"{Of(Openings)} {Of(Cities)} {Of(Endings)}",
        "times" => Time(),
        "plates" => Plate(),
        "prices" => Price(),
        "addresses" => Address(),
        _ => throw new ArgumentException($"The kind '{kind}' is unknown.", nameof(kind)),
    };

    private string Time()
    {
        var (hour, minute, second) = (random.Next(24), random.Next(60), random.Next(60));
        var (year, month, day) = (random.Next(2019, 2030), random.Next(1, 13), random.Next(1, 29));
        return random.Next(7) switch
        {
            0 => Text($"{hour:D2}:{minute:D2}"),
            1 => Text($"{hour:D2}:{minute:D2}:{second:D2}"),
            2 => Text($"{year}-{month:D2}-{day:D2} {hour:D2}:{minute:D2}:{second:D2}"),
            3 => Text($"{Of(Days)} {day:D2}.{month:D2}.{year}"),
            4 => Text($"{Of(Days)}-{Of(Days)} {random.Next(7, 11)}-{random.Next(16, 23)}"),
            5 => Text($"{random.Next(1, 13)}:{minute:D2} {(hour < 12 ? "am" : "PM")}"),
            _ => Text($"CAM {random.Next(1, 30)} {month:D2}/{day:D2}/{year} {hour:D2}:{minute:D2}"),
        };
    }

    private string Plate() => random.Next(6) switch
    {
        0 => Text($"{Letters(2)}{random.Next(10, 99)} {Letters(3)}"),
        1 => Text($"{Letters(1)}-{Letters(2)} {random.Next(100, 9999)}"),
        2 => Text($"{random.Next(1, 10)}{Letters(3)}{random.Next(100, 1000)}"),
        3 => Text($"{Letters(2)}-{random.Next(100, 1000)}-{Letters(2)}"),
        4 => Text($"{Letters(3)} {random.Next(1000, 10000)}"),
        _ => Text($"{Letters(2)} {random.Next(10, 100)} {Letters(2)} {random.Next(1000, 10000)}"),
    };

    private string Price()
    {
        var whole = random.Next(1, 200);
        var cents = random.Next(4) == 0 ? 0 : random.Next(10, 100);
        var count = random.Next(2, 6);
        return random.Next(7) switch
        {
            0 => Text($"${whole}.{cents:D2}"),
            1 => Text($"EUR {whole}.{cents:D2}"),
            2 => Text($"{whole},{cents:D2} kr"),
            3 => Text($"{count} for {whole}.{cents:D2}"),
            4 => Text($"SALE {random.Next(1, 9)}0% OFF"),
            5 => Text($"{Cased(Of(Words))} {whole}.{cents:D2}"),
            _ => Text($"Total {whole * 37}.{cents:D2}"),
        };
    }

    private string Address() => random.Next(5) switch
    {
        0 => Text($"{random.Next(1, 300)} {Of(Streets)}"),
        1 => Text($"{Of(Streets)} {random.Next(1, 99)}, {random.Next(10000, 99999)} {Of(Cities)}"),
        2 => Text($"{random.Next(1, 300)}B {Of(Streets)}, {Of(Cities)}"),
        3 => Text($"PO Box {random.Next(100, 9999)}, {Of(Cities)}"),
        _ => Text($"Unit {random.Next(1, 40)}, {random.Next(1, 300)} {Of(Streets)}"),
    };

    private string Cased(string text) => random.Next(3) switch
    {
        0 => text,
        1 => text.ToUpperInvariant(),
        _ => CultureInfo.InvariantCulture.TextInfo.ToTitleCase(text),
    };

    /// <summary>Letters of license plates, which have no I, O and Q.</summary>
    private string Letters(int count) =>
        new([.. Enumerable.Range(0, count).Select(_ => "ABCDEFGHJKLMNPRSTUVWXYZ"[random.Next(23)])]);

    private string Of(string[] choices) => choices[random.Next(choices.Length)];

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
