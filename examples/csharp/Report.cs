using ForegSyte.V1;
using Google.Protobuf.Reflection;
using Google.Rpc;
using static System.FormattableString;

namespace ForegSyte.Example;

/// <summary>The report, the same in all languages.</summary>
internal static class Report
{
    /// <summary>Prints the summary of a completed job.</summary>
    public static void Print(Job job)
    {
        var frames = job.Summary.Frames;
        var status = JobReflection.Descriptor.FindTypeByName<EnumDescriptor>(nameof(JobStatus))
            .FindValueByNumber((int)job.Status).Name;
        Console.WriteLine(Invariant($"job: {status}, {frames.Analyzed} of {frames.Total} frames analyzed"));
        foreach (var label in job.Summary.Labels)
        {
            Console.WriteLine(Invariant($"label: {label.Label} {label.DetectionCount}"));
        }

        foreach (var text in job.Summary.Texts)
        {
            Console.WriteLine(Invariant($"text: {text.Text} in {text.FrameCount} frames"));
        }
    }

    /// <summary>Prints the results of a frame.</summary>
    public static void Print(FrameResult frame)
    {
        Console.WriteLine(Invariant($"frame {frame.FrameIndex} at {frame.FrameTimestampMs} ms: {frame.Result.Text}"));
        foreach (var found in frame.Result.Detections)
        {
            // In double precision, as in the other languages.
            var percent = (int)((double)found.Confidence * 100);
            Console.WriteLine(Invariant($"  {found.Label} {percent} % at {(int)found.Box.X},{(int)found.Box.Y}"));
        }
    }

    /// <summary>Prints an error with its details.</summary>
    public static void Print(Google.Rpc.Status status, ErrorInfo info, BadRequest? request)
    {
        Console.WriteLine(Invariant($"error {status.Code} {info.Reason} of {info.Domain}: {status.Message}"));
        foreach (var (name, value) in info.Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            Console.WriteLine($"  {name}: {value}");
        }

        foreach (var violation in request?.FieldViolations ?? [])
        {
            Console.WriteLine($"  field {violation.Field}: {violation.Reason}");
        }
    }
}
