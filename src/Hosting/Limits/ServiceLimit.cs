using ForegSyte.V1;

namespace ForegSyte.Hosting.Limits;

/// <summary>One limit, as the code has it.</summary>
/// <param name="Name">Section and option, for example "Submit:MaxVideoBytes", or what a constant is named.</param>
/// <param name="Value">Its value as text; durations as [d.]hh:mm:ss.</param>
/// <param name="Unit">What is counted; empty for a duration.</param>
/// <param name="Range">Least and largest value that it may be set to, as text; empty for a constant.</param>
/// <param name="Description">What it limits and what happens past it.</param>
/// <param name="Reason">Reason of the error past it.</param>
public sealed record ServiceLimit(
    string Name, string Value, string Unit, string Range, string Description, ErrorReason Reason)
{
    /// <summary>Whether an option sets it; it is a constant otherwise.</summary>
    public bool IsOption => Range.Length > 0;

    /// <summary>The limit as GetServerInfo answers it.</summary>
    /// <param name="source">Where its value comes from; empty for a constant.</param>
    public Limit ToMessage(string source) => new()
    {
        Option = Name,
        Value = Value,
        Unit = Unit,
        Description = Description,
        Reason = Reason,
        Source = source,
    };
}
