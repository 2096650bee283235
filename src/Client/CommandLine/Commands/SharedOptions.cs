using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using System.Globalization;
using ForegSyte.Client;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Commands;

/// <summary>Arguments and options of several commands.</summary>
internal static class SharedOptions
{
    /// <summary>Help of the commands that take several jobs.</summary>
    public const string SeveralJobs =
        "If the server rejects a job, the command continues with the others and returns the exit code of the first "
        + "error.";

    private const string IdHelp = "Id of the job, or its first digits.";

    public const string UnfinishedJobs = "status = PENDING OR status = RUNNING";

    public const string UnsuccessfulJobs = "status = FAILED OR status = CANCELLED";

    public const string TerminalJobs = "status = COMPLETED OR " + UnsuccessfulJobs;

    /// <summary>Creates the argument JOB_ID.</summary>
    /// <param name="filter">AIP-160 expression that selects the completed jobs; empty for all.</param>
    public static Argument<string> JobId(string filter = "") =>
        new Argument<string>("JOB_ID") { Description = IdHelp }.CompletesJobs(filter);

    /// <summary>Creates the argument JOB_ID for one or more jobs.</summary>
    /// <param name="filter">AIP-160 expression that selects the completed jobs.</param>
    public static Argument<string[]> JobIds(string filter) => new Argument<string[]>("JOB_ID")
    {
        Description = "Ids of the jobs, or their first digits.",
        Arity = ArgumentArity.ZeroOrMore,
    }.CompletesJobs(filter);

    /// <summary>Creates an option for tags, KEY=VALUE, which can be repeated.</summary>
    public static Option<Dictionary<string, string>> Tags(string description)
    {
        var option = new Option<Dictionary<string, string>>("--tag")
        {
            Description = description,
            HelpName = "KEY=VALUE",
            Arity = ArgumentArity.OneOrMore,
            DefaultValueFactory = _ => [],
        };
        option.CustomParser = ParseTags;
        return option;
    }

    private static Dictionary<string, string> ParseTags(ArgumentResult result)
    {
        var tags = new Dictionary<string, string>();
        foreach (var token in result.Tokens)
        {
            var equals = token.Value.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1)
            {
                result.AddError($"'{token.Value}' is not a tag. Use KEY=VALUE, for example --tag camera=north.");
            }
            else if (!tags.TryAdd(token.Value[..equals], token.Value[(equals + 1)..]))
            {
                result.AddError($"The tag '{token.Value[..equals]}' is given twice.");
            }
        }

        return tags;
    }

    /// <summary>Creates the option --webhook-event, which can be repeated.</summary>
    public static Option<List<WebhookEvent>> WebhookEvents()
    {
        WebhookEvent[] known = [WebhookEvent.Ended, WebhookEvent.Started];
        var names = known.Select(wanted => wanted.ToString().ToLowerInvariant()).ToList();
        var option = new Option<List<WebhookEvent>>("--webhook-event")
        {
            Description = "What the server sends to the webhook: ended or started; can be repeated. Default: ended.",
            HelpName = "EVENT",
            Arity = ArgumentArity.OneOrMore,
            DefaultValueFactory = _ => [],
        };
        option.CompletionSources.Add(_ => names.Select(name => new CompletionItem(name)));
        option.CustomParser = result =>
        {
            foreach (var token in result.Tokens.Where(token => !names.Contains(token.Value)))
            {
                result.AddError($"'{token.Value}' is not an event. Use {string.Join(" or ", names)}.");
            }

            return [.. known.Where((_, index) => result.Tokens.Any(token => token.Value == names[index]))];
        };
        return option;
    }

    /// <summary>Creates the option --limit, at least 1.</summary>
    /// <param name="what">What it limits, in the plural.</param>
    /// <param name="standard">Its default.</param>
    public static Option<int> Limit(string what, int standard)
    {
        var limit = new Option<int>("--limit")
        {
            Description = $"Maximum number of {what}.",
            HelpName = "N",
            DefaultValueFactory = _ => standard,
        };
        return limit.AtLeast(1);
    }

    /// <summary>Refuses smaller numbers.</summary>
    public static Option<int> AtLeast(this Option<int> option, int minimum)
    {
        option.Validators.Add(result =>
        {
            // GetValueOrDefault throws for a value that is not a number; the parser reports that itself.
            if (result.Tokens is [var token] && int.TryParse(token.Value, CultureInfo.InvariantCulture, out var value)
                && value < minimum)
            {
                result.AddError(string.Create(
                    CultureInfo.InvariantCulture, $"{option.Name} must be at least {minimum}."));
            }
        });
        return option;
    }

    /// <summary>Creates the option --json.</summary>
    public static Option<bool> Json(string what) => new("--json") { Description = $"Print {what} as JSON." };
}

/// <summary>Options of the commands that submit a video.</summary>
internal sealed class SubmissionOptions
{
    private readonly Option<string> _pipeline = new Option<string>("--pipeline", "-p")
    {
        Description = "Pipeline to run; 'foregsyte pipelines' lists them.",
        HelpName = "ID",
        DefaultValueFactory = _ => "yolo_ocr",
    }.CompletesPipelines();

    private readonly Option<int> _stride = new Option<int>("--stride")
    {
        Description = "Analyze every n-th frame; 1 means every frame.",
        HelpName = "N",
        DefaultValueFactory = _ => 1,
    }.AtLeast(1);

    private readonly Option<int> _maxFrames = new Option<int>("--max-frames")
    {
        Description = "Maximum number of frames to analyze; 0 means no limit.",
        HelpName = "N",
    }.AtLeast(0);

    private readonly ChoiceOptions _choices = new();

    private readonly Option<string?> _name = new("--name")
    {
        Description = "Display name of the job. Default: the file name.",
        HelpName = "TEXT",
    };

    private readonly Option<string?> _requestId = new("--request-id")
    {
        Description = "Idempotency key, a UUID of version 4: submitting again with the same key returns the same job.",
        HelpName = "UUID",
    };

    private readonly Option<int?> _priority = new("--priority")
    {
        Description = "Priority of the job, 0 to 9; 9 runs first. Default: the server's default (4).",
        HelpName = "N",
    };

    private readonly Option<Dictionary<string, string>> _tags = SharedOptions.Tags(
        "Tag of the job, which 'list --filter' can select; can be repeated.");

    private readonly Option<string?> _webhook = new("--webhook")
    {
        Description = "Address to which the server sends the end of the job; its operator must have allowed the host.",
        HelpName = "URL",
    };

    private readonly Option<List<WebhookEvent>> _webhookEvents = SharedOptions.WebhookEvents();

    private readonly Option<bool> _waitForPlace = new("--wait-for-place")
    {
        Description = "If the server's queue is full, wait instead of failing: up to 5 minutes, or 1 hour for a URI or "
            + "an upload; --timeout shortens this.",
    };

    private readonly Option<VideoTransfer> _transfer = new Option<VideoTransfer>("--transfer")
    {
        Description = "How to transfer the file: inside the message (content), by path (path), in parts (upload), or "
            + "the fastest of these that the server allows (automatic). The same command resumes an interrupted "
            + "upload. Use upload for a server behind a tunnel to another machine.",
        HelpName = "METHOD",
    }.AcceptsOneOf(Enum.GetNames<VideoTransfer>());

    /// <summary>The option for the transfer of a file.</summary>
    public Option<VideoTransfer> Transfer => _transfer;

    public void AddTo(Command command)
    {
        command.Add(_pipeline);
        command.Add(_stride);
        command.Add(_maxFrames);
        _choices.AddTo(command);
        command.Validators.Add(result => _choices.RequireOneRate(result, _stride));
        command.Add(_name);
        command.Add(_requestId);
        command.Add(_priority);
        command.Add(_tags);
        command.Add(_webhook);
        command.Add(_webhookEvents);
        command.Add(_waitForPlace);
        command.Add(_transfer);
        command.Validators.Add(arguments =>
        {
            if (arguments.GetResult(_webhookEvents) is { Implicit: false } && arguments.GetResult(_webhook) is null)
            {
                arguments.AddError("--webhook-event needs --webhook, the address.");
            }
        });
    }

    /// <summary>Reads the options. Only the server checks their ranges.</summary>
    public SubmitOptions Read(ParseResult arguments)
    {
        var options = new SubmitOptions
        {
            PipelineId = arguments.GetRequiredValue(_pipeline),
            FrameStride = arguments.GetValue(_stride),
            MaxFrames = arguments.GetValue(_maxFrames),
            DisplayName = arguments.GetValue(_name),
            RequestId = arguments.GetValue(_requestId),
            Priority = arguments.GetValue(_priority),
            Tags = arguments.GetRequiredValue(_tags),
            Webhook = WebhookOf(arguments),
            WaitWhileQueueFull = arguments.GetValue(_waitForPlace),
            Transfer = arguments.GetValue(_transfer),
        };
        return _choices.AddTo(options, arguments);
    }

    private Webhook? WebhookOf(ParseResult arguments)
    {
        if (arguments.GetValue(_webhook) is not { } uri)
        {
            return null;
        }

        var webhook = new Webhook { Uri = uri };
        webhook.Events.AddRange(arguments.GetRequiredValue(_webhookEvents));
        return webhook;
    }
}
