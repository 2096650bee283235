using System.Globalization;
using ForegSyte.Inference.Models;

namespace ForegSyte.Inference.Commands;

/// <summary>An output with its real shape and, for 32-bit floats, its values for a gray image.</summary>
internal sealed record RunOutput(string Name, IReadOnlyList<int> Sizes, IReadOnlyList<float> Values);

/// <summary>The family of a model file, recognized by its inputs and outputs.</summary>
/// <param name="Family">Name of the family.</param>
/// <param name="ClassCount">Number of classes; null if the file does not tell.</param>
internal sealed record ModelLayout(string Family, int? ClassCount)
{
    private const string YoloX = "yolox";
    private const string YoloV8 = "yolov8";
    private const string NanoDet = "nanodet";
    private const string CenterNet = "centernet";
    private const string RtDetr = "rtdetr";
    private const string RtDetrUltralytics = "rtdetr_ultralytics";

    private static readonly int[] Strides = [8, 16, 32];

    /// <summary>Distances of NanoDet: four sides with 8 bins (reg_max 7) or 11 (reg_max 10).</summary>
    private static readonly int[] NanoDetDistances = [32, 44];

    /// <summary>
    /// Center coordinates relative to a cell are a few cells at most; decoded ones reach the size of the image.
    /// </summary>
    private const float MaxOffset = 32;

    /// <summary>A share of the image with room for rounding.</summary>
    private const float MaxShare = 1.5f;

    /// <summary>Most queries of a transformer that the families have; a network of cells has more.</summary>
    private const int MaxQueries = 1000;

    /// <summary>Recognizes the family.</summary>
    /// <param name="inputs">The declared inputs.</param>
    /// <param name="outputs">The outputs of a run on gray.</param>
    /// <param name="width">Width of the image of the run.</param>
    /// <param name="height">Height of the image of the run.</param>
    /// <param name="labelCount">Number of labels from the metadata or the user; null if unknown.</param>
    /// <param name="wanted">Name of the family if the user gives it; null to recognize it.</param>
    /// <exception cref="ModelCommandException">No family has these inputs and outputs.</exception>
    public static ModelLayout Of(
        IReadOnlyList<ModelTensor> inputs, IReadOnlyList<RunOutput> outputs, int width, int height, int? labelCount,
        string? wanted = null)
    {
        var found = Recognize(outputs, inputs, width, height, labelCount)
            .Where(layout => wanted is null || layout.Family == wanted)
            .ToList();
        return found switch
        {
            [var only] => only,
            [] => throw new ModelCommandException(
                $"The model has the inputs {string.Join(", ", inputs)} and the outputs {Describe(outputs)}. "
                + (wanted is null ? "No family has this layout. " : $"The family {wanted} has another layout. ")
                + (Advice(outputs, width, height) ?? FamilyLayouts)),
            _ => throw new ModelCommandException(
                $"The outputs {Describe(outputs)} fit the families "
                + $"{string.Join(" and ", found.Select(layout => layout.Family))}. Name the right one with --family."),
        };
    }

    /// <summary>What a user can add, in one sentence.</summary>
    public const string FamilyLayouts =
        "The families are yolov8 (also YOLO11): [1, 4 + classes, boxes]; yolox: [1, cells, 5 + classes]; nanodet: "
        + "three [1, N, classes] and three [1, N, 32 or 44]; centernet: [1, rows, columns, classes] and [1, rows, "
        + "columns, 4]; rtdetr (also D-FINE): labels, boxes, scores; rtdetr_ultralytics: [1, 300, 4 + classes]. "
        + "docs/models.md says how to export each.";

    private static IEnumerable<ModelLayout> Recognize(
        IReadOnlyList<RunOutput> outputs, IReadOnlyList<ModelTensor> inputs, int width, int height, int? labelCount)
    {
        if (inputs.Count == 2)
        {
            return outputs.Select(output => output.Name).Order(StringComparer.Ordinal)
                .SequenceEqual(["boxes", "labels", "scores"])
                    ? [new ModelLayout(RtDetr, null)]
                    : [];
        }

        return outputs switch
        {
            [{ Sizes: [1, var rows, var columns] } only] =>
                OfOneOutput(only, rows, columns, Cells(width, height), labelCount),
            [{ Sizes.Count: 4 }, { Sizes.Count: 4 }] => OfMaps(outputs),
            { Count: 6 } when outputs.All(output => output.Sizes is [1, _, _]) => OfLevels(outputs, labelCount),
            _ => [],
        };
    }

    private static IEnumerable<ModelLayout> OfOneOutput(
        RunOutput output, int rows, int columns, int cells, int? labelCount)
    {
        if (rows == cells && columns > 5 && !IsDecoded(output, columns))
        {
            yield return new(YoloX, columns - 5);
        }

        // Other heads than those of the three strides have other numbers of boxes; the labels tell then.
        if (rows > 4 && (columns == cells || labelCount == rows - 4))
        {
            yield return new(YoloV8, rows - 4);
        }

        // Six columns are also the final boxes of other models: four sides in pixels, confidence and class.
        if (rows <= MaxQueries && rows != cells && columns != cells && columns > 4 && (columns != 6 || labelCount == 2)
            && HasShares(output, columns))
        {
            yield return new(RtDetrUltralytics, columns - 4);
        }
    }

    private static IEnumerable<ModelLayout> OfMaps(IReadOnlyList<RunOutput> outputs)
    {
        var heat = outputs.Where(output => output.Sizes[3] != 4).ToList();
        if (heat is [var scores] && outputs[0].Sizes.Take(3).SequenceEqual(outputs[1].Sizes.Take(3)))
        {
            yield return new(CenterNet, scores.Sizes[3]);
        }
    }

    private static IEnumerable<ModelLayout> OfLevels(IReadOnlyList<RunOutput> outputs, int? labelCount)
    {
        var groups = outputs.GroupBy(output => output.Sizes[2]).Where(group => group.Count() == 3)
            .Select(group => group.Key).ToList();
        if (groups is [var one, var other])
        {
            foreach (var (classes, distances) in new[] { (one, other), (other, one) })
            {
                if (NanoDetDistances.Contains(distances) && (labelCount is null || labelCount == classes))
                {
                    yield return new(NanoDet, classes);
                }
            }
        }
    }

    /// <summary>Cells of the strides 8, 16 and 32.</summary>
    private static int Cells(int width, int height) =>
        Strides.Sum(stride => width / stride * (height / stride));

    /// <summary>Whether the boxes of a network of cells are in pixels instead of relative to their cells.</summary>
    private static bool IsDecoded(RunOutput output, int columns) =>
        output.Values.Where((_, index) => index % columns < 2).Any(center => center > MaxOffset);

    /// <summary>Whether each row begins with a center and a size as shares of the image.</summary>
    private static bool HasShares(RunOutput output, int columns) =>
        output.Values.Select((value, index) => (value, column: index % columns)).Where(item => item.column < 4)
            .All(item => item.value <= MaxShare && (item.column < 2 || item.value > 0));

    /// <summary>The way from a known foreign layout to one of the families; null for an unknown layout.</summary>
    private static string? Advice(IReadOnlyList<RunOutput> outputs, int width, int height)
    {
        var cells = Cells(width, height);
        return outputs switch
        {
            [{ Sizes: [1, var rows, > 5] }] when rows == cells =>
                "Its boxes are already decoded: export YOLOX without --decode_in_inference.",
            [{ Sizes: [1, <= MaxQueries, 6] }] =>
                "Its boxes are final: it was exported with suppression inside, or is a YOLOv10 or YOLO26 model. Export "
                + "it with nms=False (and end2end=False), which gives [1, 4 + classes, boxes].",
            [{ Sizes: [1, var rows, > 5] }] when rows == 3 * cells =>
                "This is the layout of YOLOv5 and YOLOv7, which have three boxes per cell. Train the model as YOLOv8, "
                + "YOLO11 or YOLOX instead.",
            [{ Sizes: [1, _] }] => "This is a classifier: it gives no boxes.",
            [{ Sizes.Count: 3 }, { Sizes.Count: 4 }] => "This is a segmentation model; export a detection model.",
            _ => null,
        };
    }

    private static string Describe(IReadOnlyList<RunOutput> outputs) => string.Join(
        ", ",
        outputs.Select(output => string.Create(
            CultureInfo.InvariantCulture, $"{output.Name} [{string.Join(", ", output.Sizes)}]")));
}

/// <summary>A command failed. The message tells the user what is wrong and what to do.</summary>
internal sealed class ModelCommandException(string message) : Exception(message);
