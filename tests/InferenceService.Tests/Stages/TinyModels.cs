using System.Collections.Frozen;
using ForegSyte.Inference.Models;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Inference.Tests.Stages;

/// <summary>Models of a few constants, which load and run in milliseconds.</summary>
internal static class TinyModels
{
    public const string Id = "tiny";

    public static ModelSession Load(
        OnnxGraph graph, string family, int width, int height, string? labelsPath = null) =>
        new(
            new ModelEntry(
                Id, FamilyRules.ByName[family].Family, "tiny.onnx", new string('0', 64), "MIT", "a test", width, height,
                labelsPath, FrozenDictionary<string, float>.Empty),
            new InferenceSession(graph.ToBytes()));
}

/// <summary>What the recognizer reads.</summary>
/// <param name="Text">Capital letters from A to H, at most four, no two equal ones side by side.</param>
/// <param name="Certainty">Probability of each letter.</param>
internal sealed record TinyReading(string Text, float Certainty);

/// <summary>A line of text in a <see cref="TinyReader"/>'s frame; lines are at least four pixels apart.</summary>
/// <param name="Left">Left edge in pixels of the frame.</param>
/// <param name="Top">Top edge.</param>
/// <param name="Right">Right edge.</param>
/// <param name="Bottom">Bottom edge.</param>
/// <param name="Found">Confidence of the text detector.</param>
/// <param name="Upright">What the recognizer reads in the line.</param>
/// <param name="Turned">What it reads in the line upside down; null for the same.</param>
internal sealed record TinyLine(
    int Left, int Top, int Right, int Bottom, float Found, TinyReading Upright, TinyReading? Turned = null);

/// <summary>
/// The stage read_text with tiny models: the detector finds given lines, the recognizer reads a line by the gray level
/// at its left edge.
/// </summary>
internal sealed class TinyReader : IDisposable
{
    public const int Width = 160;
    public const int Height = 96;
    public const float MinimumConfidence = 0.5f;

    private const string Letters = "ABCDEFGH";
    private const int LineHeight = 48;
    private const int LongestText = 4;

    /// <summary>Lines are painted this far beyond their edges, because the recognizer interpolates pixels.</summary>
    private const int Margin = 2;

    private readonly TemporaryFolder _folder = new();
    private readonly TinyLine[] _lines;
    private readonly List<ModelSession> _models = [];

    /// <param name="lines">The lines, at most seven.</param>
    /// <param name="upsideDown">Probability that the direction model gives for every line; null without it.</param>
    public TinyReader(TinyLine[] lines, float? upsideDown = null)
    {
        _lines = lines;
        var thresholds = new Dictionary<string, float>
        {
            [Thresholds.TextPixel] = 0.3f,
            [Thresholds.TextBox] = 0.5f,
            [Thresholds.TextUnclip] = 0,
            [Thresholds.TextJoin] = 0,
            [Thresholds.TextRotation] = 0.5f,
        };
        var options = new StageOptions { TextLinesPerBatch = 1 };
        File.WriteAllLines(_folder.File("letters.txt"), Letters.Select(letter => letter.ToString()));
        Stage = new ReadTextStage(
            new TextDetector(Add(Detector(), "ppocr_detection", 0), thresholds, options),
            upsideDown is { } probability
                ? new TextDirectionClassifier(Add(Direction(probability), "ppocr_direction", 192), thresholds, options)
                : null,
            new TextRecognizer(Add(Recognizer(), "ppocr_recognition", 0), options),
            MinimumConfidence, 0);
    }

    public ReadTextStage Stage { get; }

    /// <summary>Reads the frame.</summary>
    /// <param name="filter">Which findings are wanted; null for all.</param>
    /// <param name="sourceWidth">Width of the video.</param>
    /// <param name="sourceHeight">Height of the video.</param>
    public async Task<StageOutput> ReadAsync(
        FrameFilter? filter = null, int sourceWidth = Width, int sourceHeight = Height)
    {
        using var frame = new Frame(0, 0, Width, Height, sourceWidth, sourceHeight);
        frame.Pixels.Span.Clear();
        for (var line = 0; line < _lines.Length; line++)
        {
            var (left, right) = (_lines[line].Left, _lines[line].Right);
            Paint(frame, _lines[line], left - Margin, (left + right) / 2, (2 * line) + 1);
            Paint(frame, _lines[line], (left + right) / 2, right + Margin, (2 * line) + 2);
        }

        return await Stage.ProcessAsync(new StageInput(frame, [], filter), TestContext.Current.CancellationToken);
    }

    public void Dispose()
    {
        _models.ForEach(model => model.Dispose());
        _folder.Dispose();
    }

    private static void Paint(Frame frame, TinyLine line, int left, int right, int reading)
    {
        for (var y = line.Top - Margin; y < line.Bottom + Margin; y++)
        {
            frame.Pixels.Span[(((y * Width) + left) * 3)..(((y * Width) + right) * 3)].Fill((byte)((16 * reading) + 8));
        }
    }

    private ModelSession Add(OnnxGraph graph, string family, int width)
    {
        _models.Add(TinyModels.Load(graph, family, width, LineHeight, _folder.File("letters.txt")));
        return _models[^1];
    }

    private OnnxGraph Detector()
    {
        var map = new float[Width * Height];
        foreach (var line in _lines)
        {
            for (var y = line.Top; y < line.Bottom; y++)
            {
                map.AsSpan(((y * Width) + line.Left)..((y * Width) + line.Right)).Fill(line.Found);
            }
        }

        return new OnnxGraph().Input("image", OnnxGraph.Floats, -1, 3, -1, -1)
            .Output("map", [1, 1, Height, Width], map);
    }

    /// <summary>Position 0 is the black background, followed by two readings for each line.</summary>
    private OnnxGraph Recognizer()
    {
        float[][] tables =
        [
            Table(new TinyReading("", 0)),
            .. _lines.SelectMany(line => new[] { Table(line.Upright), Table(line.Turned ?? line.Upright) }),
        ];
        return new OnnxGraph().Input("image", OnnxGraph.Floats, -1, 3, LineHeight, -1)
            .OutputByPixel(
                "letters", "image", (LineHeight / 2, 0), [1, LongestText, Letters.Length + 2], tables,
                [-1, -1, Letters.Length + 2]);
    }

    private static OnnxGraph Direction(float upsideDown) =>
        new OnnxGraph().Input("image", OnnxGraph.Floats, -1, 3, LineHeight, 192)
            .Output("direction", [1, 2], [1 - upsideDown, upsideDown]);

    /// <summary>One step for each letter, then blanks: a column for the blank, the letters and the space.</summary>
    private static float[] Table(TinyReading reading)
    {
        var columns = Letters.Length + 2;
        var table = new float[LongestText * columns];
        for (var step = 0; step < LongestText; step++)
        {
            var letter = step < reading.Text.Length
                ? Letters.IndexOf(reading.Text[step], StringComparison.Ordinal)
                : -1;
            table[(step * columns) + letter + 1] = letter < 0 ? 1 : reading.Certainty;
        }

        return table;
    }
}
