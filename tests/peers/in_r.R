# What nnet::multinom and glmnet make of the sample data: writes in_r.json. See README.md.
# Run in the folder of the project: Rscript tests/peers/in_r.R

suppressMessages({
  library(nnet)
  library(glmnet)
})

number <- function(x) paste0("[", paste(sprintf("%.12g", x), collapse = ", "), "]")
text <- function(x) paste0("[", paste(sprintf('"%s"', x), collapse = ", "), "]")
object <- function(names, values, by = ", ") {
  paste0("{", paste(sprintf('"%s": %s', names, values), collapse = by), "}")
}

# A matrix of a row for each class and a column for each term, as the names of the classes, each with its numbers.
by_class <- function(M) object(rownames(M), apply(M, 1, number))

# The columns of a model matrix as the tests call them: column, or column=level.
named <- function(terms, table) {
  for (column in names(Filter(is.character, table))) terms <- sub(paste0("^", column), paste0(column, "="), terms)
  terms
}

outcomes <- character()
keep <- function(name, call, terms, coefficients, more = character()) {
  fields <- c(call = paste0('"', call, '"'), terms = text(terms), coefficients = by_class(coefficients), more)
  outcomes[[name]] <<- object(names(fields), fields)
}

penguins <- na.omit(read.csv("sample_data/penguins.csv"))
numbers <- c("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
iris <- read.csv("sample_data/iris.csv")
two <- iris[iris$species != "setosa", ]
glass <- read.csv("sample_data/glass-no-header.csv", header = FALSE)
car <- read.csv("sample_data/car.csv", stringsAsFactors = TRUE)

# ---- multinom ----

exactly <- "maxit = 1e5, reltol = 1e-16, abstol = 0"
keep_multinom <- function(name, formula, table, arguments = exactly, w = rep(1, nrow(table))) {
  call <- sprintf("multinom(%s, table, %s, trace = FALSE)", formula, arguments)
  run <- sub("table,", "table, weights = w,", call)
  fit <- eval(parse(text = run))
  B <- rbind(coef(fit))
  errors <- rbind(summary(fit)$standard.errors)
  if (nrow(B) == 1) rownames(B) <- rownames(errors) <- fit$lev[2]
  terms <- named(colnames(B), table)
  keep(name, gsub('"', "'", call), terms, B, c(
    errors = by_class(errors), value = sprintf("%.12g", fit$value), convergence = fit$convergence
  ))
}

islands <- penguins[c("island", numbers, "sex")]
scaled <- islands
scaled[numbers] <- scale(islands[numbers])
sexes <- penguins[c("sex", "body_mass_g", "species", "year")]
keep_multinom("multinom, three classes", "island ~ .", islands)
keep_multinom("multinom, scaled columns", "island ~ .", scaled)
keep_multinom("multinom, two classes", "sex ~ body_mass_g + species", sexes)
keep_multinom("multinom, weights", "sex ~ body_mass_g + species", sexes, w = sexes$year - 2006)
keep_multinom("multinom, decay", "island ~ .", scaled, paste("decay = 0.5,", exactly))
keep_multinom("multinom, decay, two classes", "sex ~ body_mass_g", within(sexes, body_mass_g <- scale(body_mass_g)),
              paste("decay = 2,", exactly))
keep_multinom("multinom, default stop", "V10 ~ .", glass, "Hess = FALSE")

# ---- glmnet ----

keep_glmnet <- function(name, X, y, arguments, weights = rep(1, length(y))) {
  call <- sprintf("glmnet(X, y, %s, thresh = 1e-14, maxit = 1e7)", arguments)
  fit <- eval(parse(text = sub("y,", "y, weights = weights,", call)))
  B <- if (is.list(coef(fit))) t(sapply(coef(fit), as.numeric)) else rbind(as.numeric(coef(fit)))
  if (nrow(B) == 1) rownames(B) <- levels(factor(y))[2]
  keep(name, gsub('"', "'", call), c("(Intercept)", colnames(X)), B)
}

for (alpha in c(0, 0.5, 1)) {
  arguments <- sprintf('family = "multinomial", lambda = 0.01, alpha = %g', alpha)
  keep_glmnet(sprintf("glmnet, iris, alpha %g", alpha), as.matrix(iris[1:4]), iris$species, arguments)
  keep_glmnet(sprintf("glmnet, glass, alpha %g", alpha), as.matrix(glass[1:9]), glass$V10, arguments)
  arguments <- sprintf('family = "binomial", lambda = 0.01, alpha = %g', alpha)
  keep_glmnet(sprintf("glmnet, binomial, alpha %g", alpha), as.matrix(two[1:4]), two$species, arguments)
}
keep_glmnet("glmnet, two classes", as.matrix(two[1:4]), two$species, 'family = "multinomial", lambda = 0.01, alpha = 0.5')
keep_glmnet("glmnet, weights", as.matrix(iris[1:4]), iris$species, 'family = "multinomial", lambda = 0.01, alpha = 0',
            weights = rep(c(1, 2, 4), 50))

ridge <- 'family = "multinomial", lambda = 0.01, alpha = 0'
M <- model.matrix(class ~ ., car)[, -1]
colnames(M) <- named(colnames(M), as.data.frame(lapply(car, as.character)))
keep_glmnet("glmnet, words", M, car$class, ridge)
every <- function(table) {
  blocks <- lapply(names(table), function(column) {
    levels <- sort(unique(as.character(table[[column]])))
    block <- sapply(levels, function(level) as.numeric(table[[column]] == level))
    colnames(block) <- paste0(column, "=", levels)
    block
  })
  do.call(cbind, blocks)
}
keep_glmnet("glmnet, a column for each level", every(car[names(car) != "class"]), car$class,
            paste0(ridge, ", standardize = FALSE"))

versions <- object(c("R", "nnet", "glmnet"), sprintf('"%s"', c(
  paste(R.version$major, R.version$minor, sep = "."), format(packageVersion("nnet")), format(packageVersion("glmnet"))
)))
body <- object(names(outcomes), outcomes, by = ",\n")
writeLines(sprintf('{"versions": %s,\n"outcomes": %s}', versions, body), "tests/peers/in_r.json")
