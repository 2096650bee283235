using Google.Api;
using Google.Protobuf.Reflection;
using ProtoOptions = Google.Protobuf.Reflection.FileOptions;

namespace ForegSyte.Protocol.Tests.Contracts;

/// <summary>Rules for the contracts that buf does not check; each returns its violations, one sentence each.</summary>
internal static class ContractRules
{
    /// <summary>The maps of the contracts. The values of a map cannot get more properties later.</summary>
    private static readonly string[] Maps =
    [
        "foregsyte.v1.Job.tags", "foregsyte.v1.MatchedJob.tags",
        "foregsyte.v1.SubmitVideoRequest.tags", "foregsyte.v1.PipelineNode.models",
        "foregsyte.v1.PipelineNode.parameters", "foregsyte.v1.ObjectTracking.parameters",
        "foregsyte.v1.TextTracking.parameters", "foregsyte.v1.ShotDetection.parameters",
    ];

    private static readonly string[] PythonKeywords =
    [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ];

    /// <summary>All violations of a file.</summary>
    public static IEnumerable<string> Violations(FileDescriptor file) =>
    [
        .. PackagesOfLanguages(file), .. FieldBehaviors(file), .. MapFields(file), .. Keywords(file), .. Lists(file),
        .. Streams(file),
    ];

    /// <summary>AIP-191, so that stubs of any language have a package that collides with nobody's.</summary>
    private static IEnumerable<string> PackagesOfLanguages(FileDescriptor file)
    {
        var options = file.GetOptions() ?? new ProtoOptions();
        (string Option, bool IsSet)[] needed =
        [
            ("go_package with a domain", options.GoPackage.Split('/') is [var domain, _, ..] && domain.Contains('.')),
            ("java_package", options.JavaPackage.Length > 0),
            ("java_multiple_files", options.JavaMultipleFiles),
            ("java_outer_classname", options.JavaOuterClassname.EndsWith("Proto", StringComparison.Ordinal)),
        ];
        return needed.Where(option => !option.IsSet).Select(option => $"{file.Name} has no {option.Option}.");
    }

    /// <summary>AIP-203.</summary>
    private static IEnumerable<string> FieldBehaviors(FileDescriptor file) => FieldsOf(file)
        .Where(field => field.GetOptions()?.GetExtension(FieldBehaviorExtensions.FieldBehavior) is not { Count: > 0 })
        .Select(field => $"{field.FullName} has no google.api.field_behavior.");

    private static IEnumerable<string> MapFields(FileDescriptor file) => FieldsOf(file)
        .Where(field => field.IsMap && !Maps.Contains(field.FullName))
        .Select(field => $"{field.FullName} is a map; a repeated message can get more fields later.");

    /// <summary>AIP-140: Python code cannot name such a field.</summary>
    private static IEnumerable<string> Keywords(FileDescriptor file) => FieldsOf(file)
        .Where(field => PythonKeywords.Contains(field.Name))
        .Select(field => $"{field.FullName} is a Python keyword.");

    /// <summary>AIP-158.</summary>
    private static IEnumerable<string> Lists(FileDescriptor file) =>
        from method in MethodsOf(file)
        where method.Name.StartsWith("List", StringComparison.Ordinal)
        from needed in new[]
        {
            (Message: method.InputType, Field: "page_size", Type: FieldType.Int32),
            (Message: method.InputType, Field: "page_token", Type: FieldType.String),
            (Message: method.OutputType, Field: "next_page_token", Type: FieldType.String),
        }
        where needed.Message.FindFieldByName(needed.Field)?.FieldType != needed.Type
        select $"{method.FullName} is not paged: {needed.Message.Name} has no {needed.Field}.";

    private static IEnumerable<string> Streams(FileDescriptor file) => MethodsOf(file)
        .Where(method => method.IsClientStreaming || method.IsServerStreaming)
        .Select(method => $"{method.FullName} is streaming; every method is unary.");

    private static IEnumerable<MethodDescriptor> MethodsOf(FileDescriptor file) =>
        file.Services.SelectMany(service => service.Methods);

    private static IEnumerable<FieldDescriptor> FieldsOf(FileDescriptor file) =>
        file.MessageTypes.SelectMany(FieldsOf);

    // The entries of a map are messages that nobody wrote.
    private static IEnumerable<FieldDescriptor> FieldsOf(MessageDescriptor message) => message.IsMapEntry
        ? []
        : message.Fields.InDeclarationOrder().Concat(message.NestedTypes.SelectMany(FieldsOf));
}
