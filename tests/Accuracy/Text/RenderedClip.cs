using ForegSyte.Accuracy.Running;
using ForegSyte.Testing;

namespace ForegSyte.Accuracy.Text;

/// <summary>
/// A clip of texts in many font families, plain, in boxes, with outlines or shadows, on colors, gradients and photos.
/// The seed determines all of it. Every picture has lines of one kind only, so that kinds are scored by their frames.
/// </summary>
internal static class RenderedClip
{
    /// <summary>Seed of the lines on which changes are measured.</summary>
    public const int Seed = 1;

    /// <summary>Seed of the lines that are only reported: nothing is chosen by them.</summary>
    public const int HeldOutSeed = 2;

    /// <summary>Pictures of each kind.</summary>
    private const int PicturesPerKind = 14;

    private const int Width = 1280;
    private const int Height = 720;

    /// <summary>Height of the band of a line divided by the size of its letters.</summary>
    private const double Pitch = 1.9;

    /// <summary>Width of the widest letters divided by their size.</summary>
    private const double LetterWidth = 0.72;

    private const int Margin = 40;
    private const string TrueType = "/usr/share/fonts/truetype/";
    private const string OpenType = "/usr/share/fonts/opentype/";
    private const string Photos = "usr/share/doc/opencv-doc/examples/";

    private static readonly string[] Fonts =
    [
        TrueType + "dejavu/DejaVuSans.ttf", TrueType + "dejavu/DejaVuSerif-Bold.ttf",
        TrueType + "liberation2/LiberationSans-Regular.ttf", TrueType + "liberation2/LiberationSans-Bold.ttf",
        TrueType + "liberation2/LiberationSerif-Regular.ttf", TrueType + "liberation2/LiberationMono-Bold.ttf",
        TrueType + "roboto/hinted/Roboto-Regular.ttf", TrueType + "roboto/hinted/RobotoCondensed-Bold.ttf",
        TrueType + "open-sans/OpenSans-Semibold.ttf", TrueType + "open-sans/OpenSans-CondBold.ttf",
        TrueType + "lato/Lato-Regular.ttf", TrueType + "lato/Lato-Black.ttf",
        TrueType + "crosextra/Carlito-Regular.ttf", TrueType + "crosextra/Caladea-Bold.ttf",
        TrueType + "hack/Hack-Regular.ttf", TrueType + "comfortaa/Comfortaa-Bold.ttf",
        TrueType + "quicksand/Quicksand-Medium.ttf", TrueType + "freefont/FreeSans.ttf",
        TrueType + "freefont/FreeSerifBold.ttf", TrueType + "gentium-basic/GenBasR.ttf",
        OpenType + "cantarell/Cantarell-Bold.otf", OpenType + "dosis/Dosis-Bold.otf",
        OpenType + "ebgaramond/EBGaramond12-Bold.otf", OpenType + "cabin/Cabin-Bold.otf",
        OpenType + "courier-prime/Courier Prime Bold.otf", OpenType + "yanone-kaffeesatz/YanoneKaffeesatz-Bold.otf",
    ];

    /// <summary>Photos without text.</summary>
    private static readonly string[] Backgrounds =
    [
        Photos + "data/baboon.jpg", Photos + "data/building.jpg", Photos + "data/butterfly.jpg",
        Photos + "data/fruits.jpg", Photos + "data/home.jpg", Photos + "data/leuvenA.jpg",
        Photos + "data/squirrel_cls.jpg", Photos + "hfs/data/000.jpg", Photos + "hfs/data/001.jpg",
        Photos + "hfs/data/002.jpg",
    ];

    private static readonly string[] DarkColors = ["0x101418", "0x203060", "0x5a1010", "0x0c4a28", "0x3a3a3a"];
    private static readonly string[] LightColors = ["0xffffff", "0xf4e9c8", "0xffe600", "0xd8e8f4", "0xe0e0e0"];

    /// <summary>Creates the clip of a seed.</summary>
    /// <param name="seed">Determines texts, fonts, colors and backgrounds.</param>
    /// <param name="path">File to write.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <returns>The lines, with the kind of each.</returns>
    /// <exception cref="InvalidOperationException">Fonts or photos are missing.</exception>
    public static async Task<List<(string Kind, LabeledLine Line)>> MakeAsync(
        int seed, string path, CancellationToken cancellationToken)
    {
        if (Fonts.FirstOrDefault(font => !File.Exists(font)) is { } missing)
        {
            throw new InvalidOperationException(
                $"{missing} is missing. Run eng/setup.sh --accuracy, which installs it.");
        }

        using var folder = new TemporaryFolder();
        var random = new Random(seed);
        var texts = new RenderedTexts(random);
        var lines = new List<(string Kind, LabeledLine Line)>();
        for (var picture = 0; picture < PicturesPerKind * RenderedTexts.Kinds.Count; picture++)
        {
            var kind = RenderedTexts.Kinds[picture % RenderedTexts.Kinds.Count];
            var (ground, isDark, isPhoto) = Ground(random);
            var filters = new List<string> { ground };
            var top = 10.0;
            while (true)
            {
                var text = texts.Next(kind);
                var font = Fonts[random.Next(Fonts.Length)];
                var largest = (int)Math.Min(60, (Width - (2 * Margin)) / (text.Length * LetterWidth));
                var size = Math.Min(largest, random.Next(16, random.Next(24, 61)));
                var style = Style(random, size, isDark, isPhoto);
                if (top + (size * Pitch) >= Height)
                {
                    break;
                }

                var room = Width - (2 * Margin) - (int)(text.Length * size * LetterWidth);
                var x = Margin + random.Next(Math.Max(1, room));
                var line = new LabeledLine(picture, text, top, top + (size * Pitch));
                filters.Add(TextClip.Draw(folder, line, lines.Count, size, font, style, x));
                lines.Add((kind, line));
                top = line.Bottom;
            }

            await TextClip.MakePictureAsync(folder, picture, string.Join(',', filters), cancellationToken);
        }

        await TextClip.MakeClipAsync(folder, path, cancellationToken);
        return lines;
    }

    /// <summary>The source of a background.</summary>
    private static (string Source, bool IsDark, bool IsPhoto) Ground(Random random)
    {
        var isDark = random.Next(2) == 0;
        var (choice, seed) = (random.Next(10), random.Next(1000));
        var photo = PackageFiles.Find(Backgrounds[random.Next(Backgrounds.Length)]);
        var (first, second) = (Color(random, isDark), Color(random, isDark));
        return choice switch
        {
            < 2 => ($"color={first}:size={Width}x{Height}", isDark, false),
            < 4 => (
                $"gradients=size={Width}x{Height}:c0={first}:c1={second}:nb_colors=2:seed={seed}:speed=0.00001", isDark,
                false),

            // Darker or lighter, so that people can read letters without a box.
            _ => (
                $"movie='{photo}',scale={Width}:{Height}:force_original_aspect_ratio=increase:flags=bicubic,"
                + $"crop={Width}:{Height},setsar=1,eq=contrast=0.6:brightness={(isDark ? "-0.25" : "0.25")}",
                isDark, true),
        };
    }

    /// <summary>Options of the filter drawtext for color, box, outline and shadow.</summary>
    private static string Style(Random random, int size, bool isDark, bool isPhoto)
    {
        var (letters, ground) = (Color(random, !isDark), Color(random, isDark));
        var line = Math.Max(1, size / 14);
        return random.Next(isPhoto ? 4 : 5) switch
        {
            // Letters of either lightness stand on their own box.
            0 => $"fontcolor={ground}:box=1:boxcolor={letters}:boxborderw={size / 4}",
            1 => $"fontcolor={letters}:box=1:boxcolor={ground}@0.7:boxborderw={size / 5}",
            2 => $"fontcolor={letters}:borderw={line}:bordercolor={ground}",
            3 => $"fontcolor={letters}:shadowx={line}:shadowy={line}:shadowcolor={ground}",
            _ => $"fontcolor={letters}",
        };
    }

    private static string Color(Random random, bool isDark) =>
        isDark ? DarkColors[random.Next(DarkColors.Length)] : LightColors[random.Next(LightColors.Length)];
}
