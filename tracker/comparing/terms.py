"""What has to be known of a stored comparison to show it: nothing here loads numpy, which only the job that computes needs."""

# of the result's shape; a stored result of another version is computed again
VERSION = 1
# a difference or a weight with a smaller p is called one
SURE = 0.05
# fewer say little of a param's weight, and the page says so
FEW_RUNS = 10
