using ForegSyte.Inference.V1;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Protocol.Tracking;
using ForegSyte.V1;
using Google.Protobuf;

namespace ForegSyte.Jobs.Tests.Tracks;

/// <summary>
/// A scripted video of 100 frames, 640 x 480, 10 frames a second. A person walks from left to right in frames 0 to 59,
/// is not detected in frames 20 to 24 and only weakly in frame 20. A car comes towards it in frames 30 to 99. A dog is
/// seen in frame 50 alone. A sign is read in frames 10 to 89, on no object. Frame 70 is a cut.
/// </summary>
internal static class MovingObjects
{
    public const int Width = 640;
    public const int Height = 480;
    public const string Sign = "GATE 07";
    public const int Cut = 70;

    /// <summary>What the pipeline follows.</summary>
    public static readonly V1.Tracking Tracking = new()
    {
        Objects = new ObjectTracking(),
        Texts = new TextTracking(),
        Shots = new ShotDetection(),
    };

    /// <summary>An InferenceService that sees the video.</summary>
    public static ScriptedInference Inference(
        Func<RunPipelineRequest, int, CancellationToken, Task>? onRun = null, V1.Tracking? tracking = null) => new()
        {
            Width = Width,
            Height = Height,
            OnRun = onRun ?? ((_, _, _) => Task.CompletedTask),
            Change = (_, response) => Describe(response, tracking ?? Tracking),
        };

    /// <summary>The box of the person.</summary>
    public static BoundingBox PersonAt(int frame) => new() { X = 20 + (5 * frame), Y = 200, Width = 40, Height = 100 };

    /// <summary>Puts the objects into the results of a segment.</summary>
    public static void Describe(RunPipelineResponse response, V1.Tracking tracking)
    {
        response.Tracking = tracking;
        foreach (var frame in response.Results)
        {
            (frame.Result, var observations) = At(frame.FrameIndex);
            response.Observations.Add(observations);
        }
    }

    /// <summary>A frame of the video.</summary>
    public static (PipelineResult Result, FrameObservations Observations) At(int frame)
    {
        var result = new PipelineResult();
        var observations = new FrameObservations { Signature = SignatureOf(frame) };
        if (frame is < 20 or (> 24 and < 60))
        {
            result.Detections.Add(new Detection
            {
                Label = "person",
                ClassId = 0,
                Confidence = 0.8f,
                Box = PersonAt(frame),
            });
        }

        if (frame >= 30)
        {
            result.Detections.Add(new Detection
            {
                Label = "car",
                ClassId = 2,
                Confidence = 0.7f,
                Box = new BoundingBox { X = 500 - (3 * frame), Y = 20, Width = 120, Height = 60 },
            });
        }

        if (frame == 50)
        {
            result.Detections.Add(new Detection
            {
                Label = "dog",
                ClassId = 16,
                Confidence = 0.5f,
                Box = new BoundingBox { X = 580, Y = 400, Width = 30, Height = 20 },
            });
        }

        if (frame is >= 10 and < 90)
        {
            result.TextRegions.Add(new TextRegion
            {
                Text = Sign,
                Confidence = 0.9f,
                Polygon =
                {
                    new Point { X = 300, Y = 420 }, new Point { X = 420, Y = 420 }, new Point { X = 420, Y = 450 },
                    new Point { X = 300, Y = 450 },
                },
            });
            result.Text = Sign;
        }

        if (frame == 20)
        {
            observations.Candidates.Add(new Candidate
            {
                Label = "person",
                ClassId = 0,
                Confidence = 0.3f,
                Box = PersonAt(frame),
            });
        }

        return (result, observations);
    }

    /// <summary>A gradient from left to right, after the cut from top to bottom with other colours.</summary>
    private static ByteString SignatureOf(int frame)
    {
        var signature = new byte[FrameSignature.Length];
        for (var cell = 0; cell < FrameSignature.Columns * FrameSignature.Rows; cell++)
        {
            var (row, column) = (cell / FrameSignature.Columns, cell % FrameSignature.Columns);
            signature[cell] = (byte)(frame < Cut ? 15 * column : 20 * (FrameSignature.Rows - row));
        }

        for (var channel = 0; channel < 3; channel++)
        {
            signature[(FrameSignature.Columns * FrameSignature.Rows) + (channel * FrameSignature.Bins)
                + (frame < Cut ? 3 : 12)] = 255;
        }

        return ByteString.CopyFrom(signature);
    }
}
