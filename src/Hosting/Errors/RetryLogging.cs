using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Hosting.Errors;

/// <summary>Logs failures of background work that is tried again.</summary>
public static class RetryLogging
{
    /// <summary>
    /// Logs an outage that the service knows, such as a database that does not answer, as a warning of one line; any
    /// other failure as an error with its stack trace.
    /// </summary>
    /// <param name="logger">The logger.</param>
    /// <param name="failure">The failure.</param>
    /// <param name="message">What failed and when it is tried again, a template.</param>
    /// <param name="values">The values of the template.</param>
    [SuppressMessage("Usage", "CA2254", Justification = "The template is a constant of the caller.")]
    public static void LogRetry(this ILogger logger, Exception failure, string message, params object?[] values)
    {
        if (failure is ServiceException { RetryAfter: not null })
        {
            logger.LogWarning(message + " ({Cause})", [.. values, failure.Message]);
        }
        else
        {
            logger.LogError(failure, message, values);
        }
    }
}
