using System.CommandLine;
using ForegSyte.Client;
using ForegSyte.CommandLine.Completion;

namespace ForegSyte.CommandLine.Commands;

/// <summary>The options of the commands that submit a video.</summary>
internal sealed class VideoOptions
{
    private readonly Option<string> _pipeline = new Option<string>("--pipeline", "-p")
    {
        Description = "Pipeline to run; 'foregsyte pipelines' lists them.",
        HelpName = "ID",
        DefaultValueFactory = _ => "yolo_ocr",
    }.WantsPipelines();

    private readonly Option<int> _stride = new("--stride")
    {
        Description = "Analyze every n-th frame.",
        HelpName = "N",
        DefaultValueFactory = _ => 1,
    };

    private readonly Option<int> _maxFrames = new("--max-frames")
    {
        Description = "Stop after so many analyzed frames; 0 means no limit.",
        HelpName = "N",
    };

    private readonly Option<string?> _name = new("--name")
    {
        Description = "Name of the job for people; the file's name where left out.",
        HelpName = "TEXT",
    };

    private readonly Option<string?> _requestId = new("--request-id")
    {
        Description = "UUID (version 4) that makes the submission safe to repeat: the same one gives the same job.",
        HelpName = "UUID",
    };

    private readonly Option<int?> _priority = new("--priority")
    {
        Description = "How urgent the job is, 0 to 9; 9 runs first. The server's default (4) where left out.",
        HelpName = "N",
    };

    private readonly Option<bool> _waitForPlace = new("--wait-for-place")
    {
        Description = "Where the queue of the server is full, wait for a place, up to 5 minutes, instead of failing.",
    };

    private readonly Option<VideoTransfer> _transfer = new Option<VideoTransfer>("--transfer")
    {
        Description = "How the file comes to the server: inside the message (content), by its path (path), in parts "
            + "(upload), or the quickest of these that the server allows (automatic). An upload that was interrupted "
            + "goes on with the same command. Behind a tunnel to another machine name upload.",
        HelpName = "WAY",
    }.WantsOneOf(Enum.GetNames<VideoTransfer>());

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_pipeline);
        command.Add(_stride);
        command.Add(_maxFrames);
        command.Add(_name);
        command.Add(_requestId);
        command.Add(_priority);
        command.Add(_waitForPlace);
        command.Add(_transfer);
    }

    /// <summary>What was given. Ranges are the server's to check, so that there is one place that knows them.</summary>
    public SubmitOptions Read(ParseResult arguments) => new()
    {
        PipelineId = arguments.GetRequiredValue(_pipeline),
        FrameStride = arguments.GetValue(_stride),
        MaxFrames = arguments.GetValue(_maxFrames),
        DisplayName = arguments.GetValue(_name),
        RequestId = arguments.GetValue(_requestId),
        Priority = arguments.GetValue(_priority),
        WaitWhileQueueFull = arguments.GetValue(_waitForPlace),
        Transfer = arguments.GetValue(_transfer),
    };
}
