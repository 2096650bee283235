using CliWrap;
using ForegSyte.Testing;

namespace ForegSyte.Accuracy.Text;

/// <summary>Appearance of one image of lines.</summary>
/// <param name="Ground">ffmpeg source of the background, in the size of the image.</param>
/// <param name="Color">Color of the letters.</param>
internal sealed record TextPicture(string Ground, string Color);

/// <summary>
/// A clip of lines that ffmpeg draws with Debian's DejaVu fonts on plain and busy backgrounds. The number of a line
/// determines its text, size, font and position, so every run gives the same clip.
/// </summary>
internal static class TextClip
{
    public const int Width = 1600;
    public const int Height = 1200;
    private const string FontFolder = "/usr/share/fonts/truetype/dejavu";
    private const int Margin = 60;

    /// <summary>Height of the band of a line divided by the size of its letters.</summary>
    private const double Pitch = 1.9;

    private static readonly string[] Fonts =
        ["DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSansMono", "DejaVuSerif-Bold", "DejaVuSansMono-Bold"];

    private static readonly int[] Sizes = [18, 48, 24, 36, 20, 56, 28, 40, 22, 32];

    private static readonly string[] Texts =
    [
        "GATE 07 NORTH", "Platform 12 departs 09:45", "NO ENTRY EXCEPT BUSES", "Camera 3 2024-05-17 18:42:07",
        "exit to car park B", "SPEED LIMIT 30", "open 7 days a week", "Total 1284.50 EUR", "Room 101 first floor",
        "KEEP LEFT AT THE FORK", "ticket valid until 23:59", "LOADING BAY 4", "Please wait here", "A 12 B 34 C 56",
        "Departures and arrivals", "FIRE ASSEMBLY POINT", "next stop Market Square", "MAX HEIGHT 2.1 m",
        "lane 2 closed ahead", "Unit 5 of 12",
    ];

    private static readonly TextPicture[] Pictures =
    [
        new($"color=0x303840:size={Width}x{Height}", "white"),
        new($"color=0xe8e4da:size={Width}x{Height}", "black"),
        new($"gradients=size={Width}x{Height}:c0=0x203060:c1=0x507050:seed=1:speed=0.00001", "yellow"),
        new(Street("crop=400:300:0:270"), "white"),
        new(Street("crop=400:300:0:60"), "white"),
        new(Street("crop=220:165:500:200"), "black"),
    ];

    /// <summary>Backgrounds without text.</summary>
    private static readonly string[] Patterns =
    [
        $"mandelbrot=size={Width}x{Height}:start_scale=0.3", $"cellauto=rule=110:size={Width}x{Height}:random_seed=1",
        $"life=size={Width}x{Height}:seed=1:ratio=0.2:mold=10", $"rgbtestsrc=size={Width}x{Height}",
        $"sierpinski=size={Width}x{Height}:seed=1", $"life=size=400x300:seed=2,scale={Width}:{Height}:flags=neighbor",
        $"cellauto=rule=90:size=200x150:random_seed=2,scale={Width}:{Height}:flags=neighbor",
        Street("crop=400:300:0:270"), Street("crop=300:225:460:0"), Street("crop=160:120:600:20"),
    ];

    /// <summary>Creates the clip of lines.</summary>
    /// <exception cref="InvalidOperationException">The fonts are missing.</exception>
    public static async Task<List<LabeledLine>> MakeLinesAsync(string path, CancellationToken cancellationToken)
    {
        if (!Fonts.All(font => File.Exists(FontPath(font))))
        {
            throw new InvalidOperationException(
                $"{FontFolder} lacks fonts. Install Debian's fonts-dejavu-core; eng/setup.sh --accuracy does it.");
        }

        using var folder = new TemporaryFolder();
        var lines = new List<LabeledLine>();
        for (var picture = 0; picture < Pictures.Length; picture++)
        {
            var filters = new List<string>();
            var top = 20.0;
            while (NextSize(lines.Count) is var size && top + (size * Pitch) < Height)
            {
                var line = new LabeledLine(picture, Texts[lines.Count % Texts.Length], top, top + (size * Pitch));
                filters.Add(Draw(
                    folder, line, lines.Count, size, FontPath(Fonts[lines.Count % Fonts.Length]),
                    $"fontcolor={Pictures[picture].Color}", Left(lines.Count)));
                lines.Add(line);
                top = line.Bottom;
            }

            await MakePictureAsync(
                folder, picture, $"{Pictures[picture].Ground},{string.Join(',', filters)}", cancellationToken);
        }

        await MakeClipAsync(folder, path, cancellationToken);
        return lines;
    }

    /// <summary>Creates the clip of a set.</summary>
    /// <exception cref="InvalidOperationException">The fonts are missing.</exception>
    public static async Task<List<LabeledLine>> MakeSetAsync(
        TextSet set, string path, CancellationToken cancellationToken)
    {
        if (!set.Fonts.All(font => File.Exists(FontPath(font))))
        {
            throw new InvalidOperationException($"{FontFolder} lacks fonts. Install Debian's fonts-dejavu-extra.");
        }

        using var folder = new TemporaryFolder();
        var lines = new List<LabeledLine>();
        for (var picture = 0; picture < set.Pictures; picture++)
        {
            var filters = new List<string>();
            var top = 20.0;
            while (Sizes[(lines.Count + (lines.Count / Sizes.Length)) % Sizes.Length] is var size
                && top + (size * Pitch) < Height)
            {
                var text = set.Texts[lines.Count % set.Texts.Length];
                var font = set.Fonts[lines.Count * 5 % set.Fonts.Length];
                var line = new LabeledLine(picture, text, top, top + (size * Pitch));
                filters.Add(Draw(
                    folder, line, lines.Count, size, FontPath(font), $"fontcolor={Pictures[picture % 3].Color}",
                    Left(lines.Count)));
                lines.Add(line);
                top = line.Bottom;
            }

            IEnumerable<string> all = [Pictures[picture % 3].Ground, .. filters, set.Filter];
            await MakePictureAsync(
                folder, picture, string.Join(',', all.Where(filter => filter.Length > 0)), cancellationToken);
        }

        await MakeClipAsync(folder, path, cancellationToken);
        return set.Filter.Contains("vflip", StringComparison.Ordinal)
            ? [.. lines.Select(line => line with { Top = Height - line.Bottom, Bottom = Height - line.Top })]
            : lines;
    }

    /// <summary>Creates the clip without text and returns the number of its frames.</summary>
    public static async Task<int> MakePatternsAsync(string path, CancellationToken cancellationToken)
    {
        using var folder = new TemporaryFolder();
        for (var picture = 0; picture < Patterns.Length; picture++)
        {
            await MakePictureAsync(folder, picture, Patterns[picture], cancellationToken);
        }

        await MakeClipAsync(folder, path, cancellationToken);
        return Patterns.Length;
    }

    private static int NextSize(int line) => Sizes[line % Sizes.Length];

    /// <summary>An enlarged part of the sample without its caption: grass, road, a wall, parked vehicles.</summary>
    private static string Street(string crop) =>
        $"movie={RepositoryFiles.Pedestrians},{crop},scale={Width}:{Height}:flags=bicubic";

    private static string FontPath(string font) => Path.Combine(FontFolder, font + ".ttf");

    private static int Left(int line) => Margin + (line * 37 % 300);

    /// <summary>The filter that draws a line in the middle of its band.</summary>
    /// <param name="folder">Folder for the file of the text.</param>
    /// <param name="line">The line.</param>
    /// <param name="number">Its number in the clip.</param>
    /// <param name="size">Size of the letters in pixels.</param>
    /// <param name="font">Path of the font.</param>
    /// <param name="style">Further options of the filter.</param>
    /// <param name="x">Left edge in pixels.</param>
    internal static string Draw(
        TemporaryFolder folder, LabeledLine line, int number, int size, string font, string style, int x)
    {
        // A file, because the filter syntax interprets colons in the text.
        var textFile = folder.File($"{number}.txt");
        File.WriteAllText(textFile, line.Text);
        var y = line.Top + (size * (Pitch - 1) / 2);
        return FormattableString.Invariant(
            $"drawtext=expansion=none:fontfile='{font}':textfile={textFile}:fontsize={size}:{style}:x={x}:y={y:F0}");
    }

    internal static Task MakePictureAsync(
        TemporaryFolder folder, int number, string filters, CancellationToken cancellationToken) => FfmpegAsync(
            ["-f", "lavfi", "-i", filters, "-frames:v", "1", folder.File($"{number:D3}.png")], cancellationToken);

    internal static Task MakeClipAsync(TemporaryFolder folder, string path, CancellationToken cancellationToken) =>
        FfmpegAsync(
            ["-framerate", "10", "-i", folder.File("%03d.png"), "-c:v", "libx264", "-threads", "1", "-crf", "18",
                "-pix_fmt", "yuv420p", path],
            cancellationToken);

    internal static Task FfmpegAsync(string[] arguments, CancellationToken cancellationToken) => Cli.Wrap("ffmpeg")
        .WithArguments(["-v", "error", "-nostdin", "-y", .. arguments])
        .ExecuteAsync(cancellationToken);
}
