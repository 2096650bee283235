using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using ForegSyte.Client;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;

namespace ForegSyte.CommandLine.Commands;

/// <summary>Options of a submission that choose parts of the video and findings.</summary>
internal sealed class ChoiceOptions
{
    private const string EverySampling = "every";
    private const string AdaptiveSampling = "adaptive";
    private const string PolygonHelp = "X,Y;X,Y;X,Y…";

    private readonly Option<TimeRange[]> _ranges = Repeated(
        "--range", "FROM-TO", "Part of the video to analyze, for example 10s-20s, 1.5m-2m or 90s- (to the end); can be "
        + "repeated, in ascending order. Default: the whole video.", ParseRange);

    private readonly Option<double> _framesPerSecond = new("--fps")
    {
        Description = "Analyze about this many frames for each second of the video, instead of --stride.",
        HelpName = "N",
        CustomParser = ParseNumber,
    };

    private readonly Option<string> _sampling = new Option<string>("--sampling")
    {
        Description = "Which of these frames the models look at: every, or adaptive for a few each second and those "
            + "that show something new, which is several times as fast; the objects between them are interpolated.",
        HelpName = "HOW",
        DefaultValueFactory = _ => EverySampling,
    }.AcceptsOneOf(EverySampling, AdaptiveSampling);

    private readonly Option<string[]> _labels = new("--label")
    {
        Description = "Class name of wanted objects, for example person; can be repeated. Default: all.",
        HelpName = "NAME",
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = _ => [],
    };

    private readonly Option<double> _minConfidence = new("--min-confidence")
    {
        Description = "Minimum confidence of objects and texts, 0 to 1; it can only raise the pipeline's.",
        HelpName = "N",
        CustomParser = ParseNumber,
    };

    private readonly Option<RelativePolygon[]> _regions = Repeated(
        "--region", PolygonHelp, "Wanted part of the frame, a polygon. X and Y are 0 to 1, from the upper left corner; "
        + "quote the value. Can be repeated. Default: the whole frame.", ParsePolygon);

    private readonly Option<Zone[]> _zones = Repeated(
        "--zone", "ID=" + PolygonHelp, "Area in which the time of each object is measured; can be repeated.",
        ParseZone);

    private readonly Option<CountingLine[]> _lines = Repeated(
        "--line", "ID=X,Y;X,Y", "Line over which objects are counted by direction, left and right as seen from its "
        + "start towards its end; can be repeated.", ParseLine);

    private readonly Option<bool> _reuse = new("--reuse")
    {
        Description = "If a completed job has the same video, pipeline, options and models, take over its results.",
    };

    public void AddTo(Command command)
    {
        command.Add(_ranges);
        command.Add(_framesPerSecond);
        command.Add(_sampling);
        command.Add(_labels);
        command.Add(_minConfidence);
        command.Add(_regions);
        command.Add(_zones);
        command.Add(_lines);
        command.Add(_reuse);
    }

    /// <summary>Rejects --fps together with the option for a stride.</summary>
    public void RequireOneRate(CommandResult result, Option<int> stride)
    {
        if (result.GetResult(_framesPerSecond) is { Implicit: false }
            && result.GetResult(stride) is { Implicit: false })
        {
            result.AddError($"Give either {_framesPerSecond.Name} or {stride.Name}.");
        }
    }

    /// <summary>Reads the options. Only the server checks their ranges.</summary>
    public SubmitOptions AddTo(SubmitOptions options, ParseResult arguments) => options with
    {
        TimeRanges = arguments.GetRequiredValue(_ranges),
        FramesPerSecond = arguments.GetValue(_framesPerSecond),
        Sampling = arguments.GetRequiredValue(_sampling) == AdaptiveSampling
            ? Sampling.Adaptive
            : Sampling.Unspecified,
        Labels = arguments.GetRequiredValue(_labels),
        MinConfidence = (float)arguments.GetValue(_minConfidence),
        Regions = arguments.GetRequiredValue(_regions),
        Zones = arguments.GetRequiredValue(_zones),
        Lines = arguments.GetRequiredValue(_lines),
        ReuseResults = arguments.GetValue(_reuse),
    };

    /// <summary>An option that can be repeated; a value that cannot be parsed is an error with an example.</summary>
    private static Option<T[]> Repeated<T>(
        string name, string helpName, string description, Func<string, (T? Value, string Example)> parse)
        where T : class => new(name)
        {
            Description = description,
            HelpName = helpName,
            Arity = ArgumentArity.OneOrMore,
            DefaultValueFactory = _ => [],
            CustomParser = result =>
            {
                var values = new List<T>();
                foreach (var token in result.Tokens)
                {
                    var (value, example) = parse(token.Value);
                    if (value is null)
                    {
                        result.AddError($"{name} cannot be '{token.Value}'. Use {helpName}, for example {example}.");
                        return [];
                    }

                    values.Add(value);
                }

                return [.. values];
            },
        };

    private static double ParseNumber(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (Number(text) is { } number)
        {
            return number;
        }

        result.AddError($"{((OptionResult)result.Parent!).Option.Name} must be a number, not '{text}'.");
        return 0;
    }

    private static (TimeRange? Range, string Example) ParseRange(string text)
    {
        const string Example = "10s-20s";
        if (text.Split('-') is not [var from, var to] || !OptionValues.TryParseDuration(from, out var start))
        {
            return (null, Example);
        }

        if (to.Length == 0)
        {
            return (new TimeRange { Start = start.ToDuration() }, Example);
        }

        return OptionValues.TryParseDuration(to, out var end)
            ? (new TimeRange { Start = start.ToDuration(), End = end.ToDuration() }, Example)
            : (null, Example);
    }

    private static (RelativePolygon? Polygon, string Example) ParsePolygon(string text) =>
        (Points(text) is { Count: >= 3 } points ? new RelativePolygon { Points = { points } } : null,
            "'0,0.5;1,0.5;1,1;0,1'");

    private static (Zone? Zone, string Example) ParseZone(string text)
    {
        var (id, area) = Named(text);
        return (
            ParsePolygon(area).Polygon is { } polygon && id.Length > 0 ? new Zone { Id = id, Area = polygon } : null,
            "'door=0.4,0.2;0.6,0.2;0.6,0.9;0.4,0.9'");
    }

    private static (CountingLine? Line, string Example) ParseLine(string text)
    {
        var (id, ends) = Named(text);
        return (
            Points(ends) is [var start, var end] && id.Length > 0
                ? new CountingLine { Id = id, Start = start, End = end }
                : null,
            "'gate=0,0.5;1,0.5'");
    }

    private static (string Id, string Points) Named(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? ("", "") : (text[..equals], text[(equals + 1)..]);
    }

    private static List<RelativePoint>? Points(string text)
    {
        var points = new List<RelativePoint>();
        foreach (var pair in text.Split(';'))
        {
            if (pair.Split(',') is not [var left, var right] || Number(left) is not { } x || Number(right) is not { } y)
            {
                return null;
            }

            points.Add(new RelativePoint { X = x, Y = y });
        }

        return points;
    }

    private static double? Number(string text) =>
        double.TryParse(
            text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
                ? number
                : null;
}
