/* The prediction of a softmax regression. Include it in one file, and link with the mathematics library (-lm).

       double numbers[SMTRAIN_NUMBERS];       a number for each of smtrain_number_names, NAN where it is missing
       const char *words[SMTRAIN_WORDS];      a text in UTF-8 for each of smtrain_word_names, NULL where it is missing
       double p[SMTRAIN_CLASSES];             gets the probability of each of smtrain_classes
       int k = smtrain_predict(numbers, words, p);    the most probable class, or -1 for a number that is not finite

   It takes no memory, changes nothing but p, and may be called from many threads. */
#ifndef SMTRAIN_MODEL_H
#define SMTRAIN_MODEL_H

#ifdef __FAST_MATH__
#error "compile without -ffast-math: missing numbers are NAN, which it takes for impossible"
#endif

#include <math.h>
#include <stddef.h>
#include <string.h>

/* TABLES */
/* Whether a text means missing; blanks around it do not count. */
static inline int smtrain_is_missing(const char *text) {
    size_t i, length;
    if (text == NULL) return 1;
    while (*text == ' ' || *text == '\t') text++;
    length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t')) length--;
    for (i = 0; i < sizeof smtrain_missing_texts / sizeof *smtrain_missing_texts; i++) {
        const char *one = smtrain_missing_texts[i];
        if (strlen(one) == length && memcmp(one, text, length) == 0) return 1;
    }
    return 0;
}

/* The weights of a level of column j, NULL for one that training did not have. Levels are sorted: the half that can
   not hold it is left out, again and again. */
static inline const double *smtrain_level_weights(size_t j, const char *text) {
    size_t low = smtrain_level_start[j], high = smtrain_level_start[j + 1];
    while (text != NULL && low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(text, smtrain_level[middle]);
        if (order == 0) return smtrain_level_weight + middle * SMTRAIN_CLASSES;
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return NULL;
}

/* Whether a number is missing: NAN, or one of those that mean it. */
static inline int smtrain_is_gap(double x) {
    size_t i;
    if (isnan(x)) return 1;
    for (i = 0; i != SMTRAIN_MISSING_NUMBERS; i++)
        if (!(x < smtrain_missing_numbers[i]) && !(x > smtrain_missing_numbers[i])) return 1;
    return 0;
}

/* p[k] = exp(z[k] - max z) / sum; z stands in p before. Returns the first class of the largest. */
static inline int smtrain_softmax(double *p) {
    size_t k, top = 0;
    double largest, sum = 0.0;
    for (k = 1; k < SMTRAIN_CLASSES; k++)
        if (p[k] > p[top]) top = k;
    largest = p[top];
    for (k = 0; k < SMTRAIN_CLASSES; k++) sum += p[k] = exp(p[k] - largest);
    for (k = 0; k < SMTRAIN_CLASSES; k++) p[k] /= sum;
    return (int)top;
}

static inline int smtrain_predict(const double *numbers, const char *const *words, double *p) {
    size_t j, k;
    for (k = 0; k < SMTRAIN_CLASSES; k++) p[k] = smtrain_intercept[k];
    for (j = 0; j != SMTRAIN_NUMBERS; j++) {
        const int gap = smtrain_is_gap(numbers[j]);
        const double *w = (gap ? smtrain_number_gap : smtrain_number_weight) + j * SMTRAIN_CLASSES;
        const double x = gap ? 1.0 : (numbers[j] - smtrain_mean[j]) / smtrain_scale[j];
        if (!gap && !(fabs(numbers[j]) <= SMTRAIN_LARGEST)) {
            for (k = 0; k < SMTRAIN_CLASSES; k++) p[k] = NAN;
            return -1;
        }
        for (k = 0; k < SMTRAIN_CLASSES; k++) p[k] += x * w[k];
    }
    for (j = 0; j != SMTRAIN_WORDS; j++) {
        const double *w = smtrain_level_weights(j, words[j]);
        if (w == NULL && smtrain_is_missing(words[j])) w = smtrain_word_gap + j * SMTRAIN_CLASSES;
        for (k = 0; w != NULL && k < SMTRAIN_CLASSES; k++) p[k] += w[k];
    }
    return smtrain_softmax(p);
}

#ifdef SMTRAIN_SELF_TEST
/* The largest difference from the model's probabilities in rows of every kind. */
static inline double smtrain_self_test(void) {
    size_t i, k;
    double p[SMTRAIN_CLASSES], worst = 0.0;
    for (i = 0; i < SMTRAIN_GOLDEN; i++) {
        smtrain_predict(smtrain_golden_numbers + i * SMTRAIN_NUMBERS, smtrain_golden_words + i * SMTRAIN_WORDS, p);
        for (k = 0; k < SMTRAIN_CLASSES; k++) {
            const double difference = fabs(p[k] - smtrain_golden_probabilities[i * SMTRAIN_CLASSES + k]);
            if (!(difference <= worst)) worst = difference;
        }
    }
    return worst;
}
#endif

#endif
