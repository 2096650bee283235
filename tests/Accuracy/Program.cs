using System.Globalization;
using ForegSyte.Accuracy.Adaptive;
using ForegSyte.Accuracy.Running;
using ForegSyte.Accuracy.Shots;
using ForegSyte.Accuracy.Text;
using ForegSyte.Testing;

namespace ForegSyte.Accuracy;

/// <summary>
/// Prints the accuracy of the committed models and of the default pipeline on labeled frames and lines, or with "shots"
/// that of the search for cuts in clips made for it. Arguments such as read_text.text_unclip=1.5 or
/// detect_objects.iou=0.6 change a threshold of the models; "objects", "pipeline", "rendered" or "text" measures one
/// part, "sides=960,1280" sets the image
/// sizes for text detection, "lines" reads only the generated lines, "mistakes" lists the mistakes. "sets" reads words,
/// codes, upside-down words and other scripts instead. "tracks" follows the persons of the sample, or of video=FILE
/// with the boxes of truth=FILE (MOT Challenge), at the strides 1, 2 and 3; objects.reach=1 changes a parameter of the
/// tracker. Without a video it also follows the texts of a generated clip. "adaptive" follows them with adaptive
/// sampling, beside a look at every frame.
/// </summary>
internal static class Program
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(40);
    private static readonly string[] Parts = ["objects", "pipeline", "rendered", "text"];

    public static async Task<int> Main(string[] arguments)
    {
        const string sidesOption = "sides=";
        var sides = arguments.LastOrDefault(argument => argument.StartsWith(sidesOption, StringComparison.Ordinal));
        int[] textSides = sides is null
            ? [640, 960, 1280, 1600]
            : [.. sides[sidesOption.Length..].Split(',').Select(side => int.Parse(side, CultureInfo.InvariantCulture))];
        var (video, truth) = (Value("video="), Value("truth="));
        var thresholds = arguments
            .Where(argument => argument != sides && !argument.StartsWith("video=", StringComparison.Ordinal)
                && !argument.StartsWith("truth=", StringComparison.Ordinal)
                && argument.Contains('=', StringComparison.Ordinal))
            .Select(argument => argument.Split('=', 2))
            .ToDictionary(pair => pair[0], pair => double.Parse(pair[1], CultureInfo.InvariantCulture));
        try
        {
            using var limit = new CancellationTokenSource(TimeLimit);
            if (arguments.Contains("shots"))
            {
                Console.WriteLine(await ShotMeasurements.ReportAsync(limit.Token));
                return 0;
            }

            using var measurements = new Measurements(thresholds, textSides);
            if (arguments.Contains("tracks"))
            {
                var tracks = await measurements.TracksAsync(video, truth, [1, 2, 3], limit.Token);
                Console.WriteLine(Report.Tracks(tracks));
                if (video is null)
                {
                    Console.WriteLine(Report.TextTracks(await measurements.TextTracksAsync([1, 2, 3], limit.Token)));
                }

                return 0;
            }

            if (arguments.Contains("adaptive"))
            {
                Console.WriteLine(AdaptiveMeasurements.Report(
                    await measurements.AdaptiveAsync(video, truth, [0.3, 0.4, 0.5], limit.Token)));
                return 0;
            }

            if (arguments.Contains("sets"))
            {
                var sets = await measurements.SetsAsync(limit.Token);
                Console.WriteLine(Report.Sets(sets));
                if (arguments.Contains("mistakes"))
                {
                    Console.WriteLine(string.Join('\n', sets.SelectMany(item =>
                        item.Score.Mistakes.Select(mistake => $"- {item.Set.Name}: {mistake}"))));
                }

                return 0;
            }

            var parts = Parts.Intersect(arguments).ToList();
            if (parts.Count == 0 || parts.Contains("objects"))
            {
                Console.WriteLine(Report.Detectors(await measurements.DetectorsAsync(limit.Token)));
                Array.ForEach([.. measurements.Skipped], line => Console.WriteLine($"- {line}"));
            }

            if (parts.Count == 0 || parts.Contains("pipeline"))
            {
                var pipeline = await measurements.PipelineAsync(limit.Token);
                Console.WriteLine(Report.Scenes(pipeline));
                PrintLines(pipeline.Texts);
            }

            if (parts.Contains("rendered"))
            {
                PrintLines(await measurements.RenderedAsync(limit.Token));
            }

            if (parts.Count == 0 || parts.Contains("text"))
            {
                var text = await measurements.TextAsync(arguments.Contains("lines"), limit.Token);
                Console.WriteLine(Report.Text(text));
                if (arguments.Contains("mistakes"))
                {
                    Console.WriteLine(string.Join('\n', text.SelectMany(item =>
                        item.Mistakes.Select(mistake => $"- {item.Side}: {mistake}"))));
                }
            }

            return 0;
        }
        catch (Exception failure) when (failure is InvalidOperationException or ServiceStartException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }

        void PrintLines(IReadOnlyList<(string Set, TextScore Score)> sets)
        {
            Console.WriteLine(Report.Lines(sets));
            if (arguments.Contains("mistakes"))
            {
                Console.WriteLine(string.Join('\n', sets.SelectMany(item =>
                    item.Score.Mistakes.Select(mistake => $"- {item.Set}: {mistake}"))));
            }
        }

        string? Value(string option) => arguments
            .LastOrDefault(argument => argument.StartsWith(option, StringComparison.Ordinal))?[option.Length..];
    }
}
